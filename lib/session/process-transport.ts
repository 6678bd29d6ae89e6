import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { Socket } from 'node:net'
import { sourceFlags } from '../file-beside'
import type { Reply, Transport } from './ort-protocol'
import { childFile, inheritedFlags, withoutInspector } from './worker-file'

/** How much of what a dying child printed is kept for the error. */
const KEPT_STDERR_CHARACTERS = 2000

const children = new Set<ChildProcess>()

function killChildren(): void {
  for (const child of children) child.kill('SIGKILL')
}

function childEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: nodeOptions, ...rest } = process.env
  return nodeOptions === undefined ? rest : { ...rest, NODE_OPTIONS: withoutInspector(nodeOptions) }
}

function watchEnd(child: ChildProcess): Promise<string> {
  let printed = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-KEPT_STDERR_CHARACTERS)
  })
  return new Promise(resolve => {
    const end = (how: string): void => {
      children.delete(child)
      if (children.size === 0) process.off('exit', killChildren)
      resolve(printed === '' ? how : `${how}: ${printed.trim()}`)
    }
    child.once('error', error => {
      if (child.pid === undefined) end(`its process could not be started (${error.message})`)
    })
    child.once('exit', (status, signal) =>
      end(`its process ended with ${signal ?? `status ${status ?? 'unknown'}`}`),
    )
  })
}

/** A child process. It leaves when told to close or when the channel to this process breaks, however that happens. */
export function startProcess(): Transport {
  const child = fork(childFile, [], {
    serialization: 'advanced',
    execArgv: [...inheritedFlags(process.execArgv), ...sourceFlags],
    env: childEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  if (children.size === 0) process.on('exit', killChildren)
  children.add(child)
  if (child.stderr instanceof Socket) child.stderr.unref()
  return {
    listen: onReply => {
      child.removeAllListeners('message').on('message', reply => onReply(reply as Reply))
    },
    // A failed send means the child is gone, which `ended` tells.
    post: request => void child.send(request, () => undefined),
    setKeepAlive: state => {
      if (state === 'needed') {
        child.ref()
        child.channel?.ref()
      } else {
        child.unref()
        child.channel?.unref()
      }
    },
    kill: () => void child.kill('SIGKILL'),
    ended: watchEnd(child),
  }
}
