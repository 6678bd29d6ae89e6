/** Figures as papers write them. */
import type { ConfidenceInterval } from '../metrics'

/** A fraction in percent. */
export const percent = (fraction: number): string => `${(100 * fraction).toFixed(3)} %`
/** A normalised cost. */
export const cost = (value: number): string => value.toFixed(4)
export const score = (value: number): string => value.toFixed(4)

export function orNone(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? 'n/a' : format(value)
}

export function interval(ends: ConfidenceInterval | undefined, format: (value: number) => string): string {
  return ends === null || ends === undefined ? 'n/a' : `${format(ends[0])} to ${format(ends[1])}`
}
