/** The loop one would write first: read, decode, `session.run` of the plain export with onnxruntime-node's defaults. */
import { readFileSync } from 'node:fs'
import * as ort from 'onnxruntime-node'
import { convertCheckpoint } from '../lib'
import { decodeAudio, fitWindow } from '../lib/audio'
import { checkpoint } from './clips'

const windowSamples = 64_600

export interface StraightforwardLoop extends AsyncDisposable {
  run(clips: readonly string[]): Promise<void>
}

export async function openStraightforwardLoop(): Promise<StraightforwardLoop> {
  const session = await ort.InferenceSession.create(convertCheckpoint(checkpoint.bytes, checkpoint.config))
  return {
    run: async clips => {
      for (const path of clips) {
        const samples = fitWindow(decodeAudio(readFileSync(path)).channels[0]!, windowSamples)
        await session.run({ input: new ort.Tensor('float32', samples, [1, windowSamples]) })
      }
    },
    [Symbol.asyncDispose]: () => session.release(),
  }
}
