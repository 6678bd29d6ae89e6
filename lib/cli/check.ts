/** A line of `aasist doctor`. */
export interface Check {
  readonly name: string
  /** `info`: nothing to be right or wrong. */
  readonly state: 'ok' | 'missing' | 'failed' | 'info'
  readonly found: string
  /** The command or the step that mends it; with `info`, that brings what is not there. */
  readonly fix?: string
}
