import { readFileSync } from 'node:fs'
import { expect } from 'chai'

/** What the simulator saw of a process, by then: a line of the file that ACL_SIM_REPORT names. */
export interface SimulatorReport {
  readonly pid: number
  /** `finalize` or `exit`. */
  readonly event: string
  readonly leaks: Readonly<Record<string, number>>
  readonly problems: readonly { readonly kind: string; readonly text: string }[]
  readonly calls: Readonly<Record<string, number>>
}

/** A process that dies of a signal writes none at its end. */
export function reportsIn(path: string): readonly SimulatorReport[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  return lines.map(line => JSON.parse(line) as SimulatorReport)
}

export const lastReport = (path: string): SimulatorReport => reportsIn(path).at(-1)!

export function expectNoLeaks({ leaks }: SimulatorReport): void {
  expect(Object.entries(leaks).filter(([, count]) => count !== 0)).to.deep.equal([])
}

export function expectClean(report: SimulatorReport): void {
  expectNoLeaks(report)
  expect(report.problems).to.deep.equal([])
}
