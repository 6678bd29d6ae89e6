/** What is said while tiles are measured. */
import type { TilesEvent } from '../scoring'
import { note, printable } from './terminal'

export function tileNotes(): (event: TilesEvent) => void {
  return event => {
    switch (event.kind) {
      case 'measuring':
        note(`measuring which of ${event.candidates} tile sizes suits this CPU, once`)
        return
      case 'waiting':
        note('another process is measuring tile sizes for this CPU; waiting for it')
        return
      case 'measured': {
        const [first] = event.tiles
        const times = event.times.map(
          ({ tiles, windowMs }) => `${tiles[0]?.framesPerTile ?? 0} frames ${windowMs.toFixed(1)} ms`,
        )
        note(`tiles of ${first?.framesPerTile ?? 0} frames (${times.join(', ')})`)
        return
      }
      case 'not stored':
        note(
          `tile sizes are those of every machine, for what is measured cannot be kept: ${printable(event.reason)}`,
        )
    }
  }
}
