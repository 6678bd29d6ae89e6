import { writeFileAtomically } from '../dataset'
import { htmlDocument } from './document'
import { timelineSections, type ScoredRecording } from './recording-timeline'

/**
 * Writes one self-contained HTML file with the scores of recordings over their time: all of it or nothing.
 *
 * @throws DatasetError `OUTPUT_UNWRITABLE`
 */
export async function writeTimeline(out: string, recordings: readonly ScoredRecording[]): Promise<void> {
  const page = htmlDocument({
    title: `Recordings: ${recordings.map(({ name }) => name).join(', ')}`,
    intro: `Made by aasist score on ${new Date().toISOString().slice(0, 10)}. Windows overlap, so that neighbours hear much of the same.`,
    sections: recordings.map((recording, index) => ({
      id: `recording-${index}`,
      title: recording.name,
      content: timelineSections(recording, index),
    })),
  })
  await writeFileAtomically(out, page)
}
