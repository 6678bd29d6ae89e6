/** New constants for a convolution whose weights or bias a pass changes; computed in float64, rounded once. */
import { type GraphBuilder, type Node } from '../graph'

/** The convolution with each output channel's weights multiplied by `gain(channel)`. */
export function scaleWeights(builder: GraphBuilder, conv: Node, gain: (channel: number) => number): Node {
  const [input, weightName, ...bias] = conv.inputs as [string, string, ...string[]]
  const { dims, data } = builder.floatsOf(weightName)
  const perChannel = data.length / dims[0]!
  const scaled = data.map((value, i) => value * gain(Math.floor(i / perChannel)))
  return { ...conv, inputs: [input, builder.floats(`${weightName}.scaled`, dims, scaled), ...bias] }
}

/** The convolution with `amount(channel)` added to its bias, which it need not have had. */
export function addToBias(builder: GraphBuilder, conv: Node, amount: (channel: number) => number): Node {
  const [input, weightName, biasName] = conv.inputs as [string, string, string?]
  const channels = builder.floatsOf(weightName).dims[0]!
  const bias = biasName ? builder.floatsOf(biasName).data : new Float32Array(channels)
  const moved = Float32Array.from(bias, (value, channel) => value + amount(channel))
  return {
    ...conv,
    inputs: [input, weightName, builder.floats(`${weightName}.bias_moved`, [channels], moved)],
  }
}
