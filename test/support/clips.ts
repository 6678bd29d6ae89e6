/** Clips from disk as the model takes them. */
import { readFileSync } from 'node:fs'
import { loadClip } from '../../lib/audio'

export async function clipSamples(path: string): Promise<Float32Array> {
  return (await loadClip(readFileSync(path), { windowSamples: 64_600 })).samples
}
