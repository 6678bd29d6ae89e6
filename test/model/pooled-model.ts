/** A model opened with its poolings' choices as further outputs, so that a flipped choice can be told from an error. */
import * as ort from 'onnxruntime-node'
import type { Graph } from '../../lib/model/graph'
import { writeOnnx } from '../../lib/model/onnx/write'
import { inferShapes } from '../../lib/model/shapes'

export interface Scored {
  readonly logits: readonly number[]
  /** For each pooling, in the graph's order, the nodes it kept, best first. */
  readonly kept: readonly (readonly number[])[]
}

export class PooledModel {
  readonly batch: number
  readonly #session: ort.InferenceSession
  readonly #input: string
  readonly #samples: number
  readonly #logits: string
  readonly #choices: readonly string[]

  private constructor(graph: Graph, session: ort.InferenceSession, choices: readonly string[]) {
    const [input] = graph.inputs
    const [batch, samples] = input!.shape as readonly [number, number]
    this.batch = batch
    this.#session = session
    this.#input = input!.name
    this.#samples = samples
    // Exported models name their outputs as they like; the second is the logits.
    this.#logits = graph.outputs[1]!.name
    this.#choices = choices
  }

  static async open(graph: Graph): Promise<PooledModel> {
    const shapes = inferShapes(graph)
    const choices = graph.nodes.filter(({ op }) => op === 'TopK').map(({ outputs }) => outputs[1]!)
    const outputs = [
      ...graph.outputs,
      ...choices.map(name => ({ name, dtype: 'int64', shape: shapes.get(name)! })),
    ]
    const bytes = writeOnnx({ ...graph, outputs }, { producerName: 'test', metadata: {} })
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4, intraOpNumThreads: 1 })
    return new PooledModel(graph, session, choices)
  }

  /** All clips, `batch` at a time; the last batch is filled up with silence. */
  async score(clips: readonly Float32Array[]): Promise<readonly Scored[]> {
    const results: Scored[] = []
    for (let start = 0; start < clips.length; start += this.batch) {
      const group = clips.slice(start, start + this.batch)
      const input = new Float32Array(this.batch * this.#samples)
      for (const [row, clip] of group.entries()) input.set(clip, row * this.#samples)
      const feeds = { [this.#input]: new ort.Tensor('float32', input, [this.batch, this.#samples]) }
      const outputs = await this.#session.run(feeds)
      const row = (name: string, at: number): readonly number[] => {
        const data = outputs[name]!.data as Float32Array | BigInt64Array
        const size = data.length / this.batch
        return Array.from(data.slice(at * size, (at + 1) * size), Number)
      }
      for (const at of group.keys()) {
        results.push({ logits: row(this.#logits, at), kept: this.#choices.map(name => row(name, at)) })
      }
    }
    return results
  }

  release(): Promise<void> {
    return this.#session.release()
  }
}
