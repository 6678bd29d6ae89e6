// `npm pack` and `npm publish` make the binaries and then ask this: a package without them, with damaged ones or with those
// of other sources must not leave the house.
import { fileURLToPath } from 'node:url'
import { nativeFingerprint } from './native-sources.mjs'
import { faultOf, targets } from './prebuilds.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const now = nativeFingerprint(root)
const wrong = targets.flatMap(({ arch }) => {
  const fault = faultOf(root, arch, now)
  return fault === undefined ? [] : [`linux-${arch} is ${fault}`]
})
if (wrong.length > 0) {
  console.error(`prebuilds: ${wrong.join(', ')}; make them with: npm run prebuilds`)
  process.exitCode = 1
}
