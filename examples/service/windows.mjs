// Where in a recording the scores lie. This is the only file that knows how its windows are made.

/**
 * Scores a window of the model's length every `hopSeconds`.
 * @returns [{ startSeconds, endSeconds, score, decision }], of silence with null for both
 */
export async function windowScores(detector, bytes, { hopSeconds, signal }) {
  const windows = []
  for await (const window of detector.scoreRecording(bytes, { hopSeconds, signal })) {
    const { startSeconds, endSeconds, score, decision } = window
    windows.push({ startSeconds, endSeconds, score, decision })
  }
  return windows
}
