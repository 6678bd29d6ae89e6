/** How a container gets its NPUs: the flags of `docker run`, which podman takes too. */

const managers = ['/dev/davinci_manager', '/dev/devmm_svm', '/dev/hisi_hdc']
const mounts = [
  '/usr/local/dcmi',
  '/usr/local/bin/npu-smi',
  '/usr/local/Ascend/driver/lib64',
  '/usr/local/Ascend/driver/version.info',
  '/etc/ascend_install.info',
]

interface Chips {
  readonly chips: readonly { readonly path: string }[]
}

/** All of them: a container is started anew, and one that was left out would be the next finding. */
export function containerFlags({ chips }: Chips): string {
  const devices = [...(chips.length === 0 ? ['/dev/davinci0'] : chips.map(({ path }) => path)), ...managers]
  const flags = [...devices.map(path => `--device=${path}`), ...mounts.map(path => `-v ${path}:${path}:ro`)]
  return `docker run ${flags.join(' ')} <image>`
}
