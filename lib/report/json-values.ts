/** Values of JSON files that somebody may have changed. */

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : 'unknown'
}

const deepest = 8

/** Every value with the names that lead to it, `model.sha256`; what is null or nested deeper than 8 is left out. */
export function flattened(
  value: unknown,
  prefix = '',
  depth = 0,
): (readonly [name: string, value: string])[] {
  if (value === null || value === undefined || depth > deepest) return []
  if (typeof value === 'string') return [[prefix, value]]
  if (typeof value !== 'object') return [[prefix, JSON.stringify(value)]]
  return Object.entries(value).flatMap(([name, inner]) =>
    flattened(inner, prefix === '' ? name : `${prefix}.${name}`, depth + 1),
  )
}
