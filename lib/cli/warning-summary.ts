/** Warnings about clips for a terminal: one line a kind, however many clips there are. */
import { about, counted } from './terminal'

interface Kind {
  /** About the first clip. */
  readonly line: string
  count: number
}

export class WarningSummary {
  readonly #kinds = new Map<string, Kind>()

  add(code: string, file: string, message: string): void {
    const kind = this.#kinds.get(code)
    if (kind === undefined) this.#kinds.set(code, { line: `${about(file, message)} [${code}]`, count: 1 })
    else kind.count += 1
  }

  lines(): string[] {
    return [...this.#kinds.values()].map(({ line, count }) =>
      count === 1
        ? line
        : `${line}, and ${counted(count - 1, 'more file')} with that warning: --json says which`,
    )
  }
}
