/** What the dynamic linker would take for CANN's and the driver's libraries. */
import { join } from 'node:path'
import { driverLibraryFolders, type AscendDriver } from './ascend-driver'
import { isThere, namesIn, targetOf, textIn, type HostView } from './host-view'

export interface LibraryPath {
  /** Entries of LD_LIBRARY_PATH. */
  readonly folders: readonly string[]
  /** Stand-ins for linking only, found before the libraries themselves: every call of theirs fails with 100039. */
  readonly stubs: readonly { readonly library: string; readonly folder: string }[]
  /** Whether the linker finds the driver's libraries. */
  readonly findsDriver: boolean
}

/** The libraries that CANN's `devlib` (`lib64/stub`) holds empty ones of. */
const stubbed = ['libascendcl.so', 'libascend_hal.so']
const isStub = (folder: string): boolean => /\/(devlib|stub)(\/|$)/.test(folder)

export async function lookAtLibraryPath(host: HostView, driver: AscendDriver | null): Promise<LibraryPath> {
  const folders = (host.environment['LD_LIBRARY_PATH'] ?? '').split(':').filter(folder => folder !== '')
  const stubs = []
  for (const library of stubbed) {
    for (const folder of folders) {
      const path = join(folder, library)
      if (!(await isThere(host, path))) continue
      if (isStub(folder) || isStub(await targetOf(host, path))) stubs.push({ library, folder })
      break
    }
  }
  const known = new Set(
    [...folders, ...(await configuredFolders(host))].map(folder => folder.replace(/\/+$/, '')),
  )
  const needed = await Promise.all(
    driverLibraryFolders.map(async each => {
      const folder = join(driver?.folder ?? '', each)
      return driver !== null && (await isThere(host, join(folder, 'libascend_hal.so'))) && known.has(folder)
    }),
  )
  return { folders, stubs, findsDriver: needed.includes(true) }
}

/** The driver's installer writes its folders there; a container has the libraries without it. */
async function configuredFolders(host: HostView): Promise<readonly string[]> {
  const folder = '/etc/ld.so.conf.d'
  const files = (await namesIn(host, folder))
    .filter(name => name.endsWith('.conf'))
    .map(name => join(folder, name))
  const texts = await Promise.all(['/etc/ld.so.conf', ...files].map(file => textIn(host, file)))
  return texts
    .flatMap(text => text.split('\n').map(line => line.replace(/#.*/, '').trim()))
    .filter(line => line !== '')
}
