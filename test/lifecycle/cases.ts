/** The life-cycle table: states of a session x ways in which its process can end. */
export const states = ['creating', 'idle', 'running', 'queued', 'released', 'failed create'] as const
export const endings = [
  'end of script',
  'process.exit',
  'uncaught exception',
  'unhandled rejection',
  'SIGTERM',
  'worker.terminate',
] as const

export type State = (typeof states)[number]
export type Ending = (typeof endings)[number]
