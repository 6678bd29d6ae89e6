/** Lindley's recursion: mean wait of arrivals, in their order, at one server that takes as long for each. */
export function meanWait(arrivalsMs: Float64Array, serviceMs: number): number {
  let freeAtMs = 0
  let total = 0
  for (const arrivedAtMs of arrivalsMs) {
    const beganAtMs = Math.max(arrivedAtMs, freeAtMs)
    total += beganAtMs - arrivedAtMs
    freeAtMs = beganAtMs + serviceMs
  }
  return total / arrivalsMs.length
}
