// How Node is started so that jazzer's fuzzer finds a C library that is new enough for it.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Where `npm run fuzz:libc` puts one. */
export const libcFolder = join(root, '.aasist', 'fuzz-libc')

/** What the fuzzer that jazzer.js 4.0.0 brings was linked with. */
const needed = '2.38'

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  const [neededMajor, neededMinor] = needed.split('.').map(Number)
  return major > neededMajor || (major === neededMajor && minor >= neededMinor)
}

/** The loader in an unpacked C library, and the folder it lies in. */
function loaderIn(folder) {
  for (const library of ['usr/lib', 'lib']) {
    for (const system of ['x86_64-linux-gnu', 'aarch64-linux-gnu']) {
      const place = join(folder, library, system)
      const name = existsSync(place)
        ? readdirSync(place).find(each => /^ld-linux-.*\.so\.\d$/.test(each))
        : undefined
      if (name !== undefined) return { loader: join(place, name), place, system }
    }
  }
  return undefined
}

/** The beginning of a command line that starts Node, or why there is none. */
export function nodeCommand() {
  const { glibcVersionRuntime } = process.report.getReport().header
  if (
    process.platform !== 'linux' ||
    (glibcVersionRuntime !== undefined && isNewEnough(glibcVersionRuntime))
  ) {
    return { command: [process.execPath] }
  }
  const asked = process.env.AASIST_FUZZ_LIBC
  const found = loaderIn(asked ?? libcFolder)
  if (found !== undefined) {
    const { loader, place, system } = found
    const libraries = [place, `/lib/${system}`, `/usr/lib/${system}`].join(':')
    return { command: [loader, '--library-path', libraries, process.execPath] }
  }
  const where =
    asked === undefined
      ? 'and there is none in .aasist/fuzz-libc'
      : `and AASIST_FUZZ_LIBC=${asked} holds none`
  return {
    problem:
      `jazzer's fuzzer needs glibc ${needed} or newer; this machine has ${glibcVersionRuntime ?? 'another C library'}, ${where}. ` +
      'On Debian run: npm run fuzz:libc; elsewhere unpack a newer libc6, libstdc++6 and libgcc-s1 into a folder and name it in AASIST_FUZZ_LIBC',
  }
}
