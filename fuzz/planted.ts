/** A target with a bug in it, to see that the fuzzer finds one: `npm run fuzz -- --seconds 20 planted`. */
import { ArgumentRangeError } from '../lib/errors'
import type { Target } from './target'

export const planted: Target = {
  name: 'planted',
  parses: 'nothing: it reads the property of what is not there when the input begins with PLAN',
  refusals: ['INVALID_ARGUMENT'],
  largestBytes: 64,
  dictionary: [],
  answers: 'at once',
  // One comparison after the other, each a step that the fuzzer sees; chance alone needs four thousand million inputs.
  read: bytes => {
    const refused = new ArgumentRangeError('an input without the mark')
    if (bytes[0] !== 0x50) throw refused
    if (bytes[1] !== 0x4c) throw refused
    if (bytes[2] !== 0x41) throw refused
    if (bytes[3] !== 0x4e) throw refused
    const nothing = undefined as { readonly length: number } | undefined
    nothing!.length.toFixed()
  },
}
