/** Columns side by side, within the lines of the terminal that shows them. */

/** Of a terminal nobody has widened; help and explanations keep to it everywhere. */
export const plainLineLength = 80

export interface TableOptions {
  /** Lines are no longer than this where that can be; default: as long as they come. */
  readonly lineLength?: number
  /** How a cell of a row (padded, so that nothing moves) is shown. */
  readonly paint?: (cell: string, column: number) => string
}

/** Where results go: the width of a terminal; elsewhere a line stays a record, for grep and its like. */
export function outputLineLength(stream: NodeJS.WriteStream = process.stdout): number {
  return stream.isTTY ? stream.columns : Infinity
}

/**
 * Numbers to the right. What is too wide has narrower gaps, then a last column of several lines, at last that column
 * on lines of its own; words, such as paths, are never broken.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  { lineLength = Infinity, paint = cell => cell }: TableOptions = {},
): string {
  const cells = [header, ...rows.map(row => row.map(String))]
  const widths = header.map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)))
  const isNumeric = header.map((_, column) =>
    rows.every(row => typeof row[column] === 'number' || /^(-?[\d.]+( %)?|n\/a)$/.test(String(row[column]))),
  )
  const last = header.length - 1
  const wide = widths.reduce((sum, width) => sum + width, 0) + 2 * last
  const gap = wide > lineLength ? ' ' : '  '
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + gap.length, 0)
  const room = lineLength - before
  const isOnItsOwn = room < Math.min(leastRoom, widths[last]!)
  const pad = (cell: string, column: number): string =>
    isNumeric[column] === true ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)
  return cells
    .map((row, index) => {
      const shown = row.map((cell, column) => {
        if (column === last && isNumeric[last] !== true) return cell
        return index === 0 ? pad(cell, column) : paint(pad(cell, column), column)
      })
      const line = shown.slice(0, last).join(gap)
      const end = shown[last] ?? ''
      if (isOnItsOwn) {
        return [
          line.trimEnd(),
          ...wrap(end, lineLength - ownIndent.length).map(each => ownIndent + each),
        ].join('\n')
      }
      return hanging(`${line}${last > 0 ? gap : ''}`, end, { indent: before, lineLength }).trimEnd()
    })
    .join('\n')
}

/** Less is no column of text any more. */
const leastRoom = 24
const ownIndent = '    '

/** A beginning, and beside it as many lines as the text needs. */
export function hanging(
  beginning: string,
  text: string,
  { indent = beginning.length, lineLength }: { readonly indent?: number; readonly lineLength: number },
): string {
  return beginning + wrap(text, lineLength - indent).join(`\n${' '.repeat(indent)}`)
}

/** Lines of whole words; a longer word has a line of its own. */
export function wrap(text: string, lineLength: number): readonly string[] {
  if (text.length <= lineLength) return [text]
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length <= lineLength || line === '') line = longer
    else {
      lines.push(line)
      line = word
    }
  }
  return [...lines, line]
}
