/** What somebody may have meant. */
import { closest, distance } from 'fastest-levenshtein'

/** The candidate that is nearest in letters inserted, left out or changed, if those are a third of the word at most. */
export function nearestTo(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined
  const nearest = closest(word, candidates)
  return distance(word, nearest) <= word.length / 3 ? nearest : undefined
}
