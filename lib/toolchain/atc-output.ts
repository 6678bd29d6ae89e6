/** What atc prints, and the line of it that says why it failed. */

export interface AtcProblem {
  /** Such as `E10001`; null for complaints without one. */
  readonly code: string | null
  readonly text: string
}

/** `E10001: [PID: 7] 2026-11-22-15:23:09.263.054 Value [x] …`; newer releases put a title in front of the code. */
const codedLine =
  /^\s*(?:\[ERROR\].*?)?(?:(?<title>[A-Z][\w ]{0,100})\()?(?<code>E[A-Z0-9]\d{3,5})\)?:\s*(?:\[PID:\s*\d+\]\s*)?(?:\d{4}-\d\d-\d\d-[\d:.]+\s*)?(?<text>.*)$/
const newerPrefix = /^\s*\[PID:\s*\d+\]\s*(?:\d{4}-\d\d-\d\d-[\d:.]+\s*)/
const flagError = /^\s*ERROR: (?<text>.*(?:flag|argument|option).*)$/i
const advice = /^\s*(?:Possible Cause|Solution):\s*(?<text>\S.*)$/i
/** They say that something failed, not what. */
const isGeneral = (code: string): boolean => code.endsWith('9999')

const mostProblems = 50
const tailLines = 100
const tailCharacters = 32_768

/** Takes atc's output line by line and keeps little of it, however long it gets. */
export class AtcOutput {
  readonly #problems: AtcProblem[] = []
  readonly #tail: string[] = []
  #tailLength = 0
  #flag: string | undefined
  #advice: string | undefined

  take(line: string): void {
    this.#keep(line)
    const coded = codedLine.exec(line.replace(newerPrefix, ''))?.groups
    if (coded !== undefined && this.#problems.length < mostProblems) {
      this.#problems.push({ code: coded['code']!, text: coded['text']!.trim() })
      return
    }
    this.#flag ??= flagError.exec(line)?.groups?.['text']
    if (this.#problems.length > 0) this.#advice ??= advice.exec(line)?.groups?.['text']
  }

  #keep(line: string): void {
    this.#tail.push(line)
    this.#tailLength += line.length + 1
    while (this.#tail.length > tailLines || (this.#tailLength > tailCharacters && this.#tail.length > 1)) {
      this.#tailLength -= this.#tail.shift()!.length + 1
    }
  }

  get tail(): string {
    return this.#tail.join('\n')
  }

  /** In the order of the output, each once. */
  get codes(): readonly string[] {
    return [...new Set(this.#problems.flatMap(({ code }) => code ?? []))]
  }

  /** The first problem that says something of its own, with atc's advice where it gives one. */
  get problem(): (AtcProblem & { readonly solution: string | null }) | undefined {
    const found =
      this.#problems.find(({ code, text }) => code !== null && !isGeneral(code) && text !== '') ??
      this.#problems.find(({ text }) => text !== '') ??
      this.#problems[0] ??
      (this.#flag === undefined ? undefined : { code: null, text: this.#flag })
    return found && { ...found, solution: this.#advice ?? null }
  }
}
