/** The code of sessions' threads and child processes, and what those inherit. */
import { fileBeside } from '../file-beside'

export const workerFile = fileBeside(__filename, 'ort-worker')
export const childFile = fileBeside(__filename, 'ort-child')

/** Flags that decide how modules are found; each takes a value, after `=` or as the next argument. */
const loaderFlags = ['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions']

/** The flags of this process that a child needs too. The rest (inspector ports, `--eval`, profilers) must not be shared. */
export function inheritedFlags(execArgv: readonly string[]): string[] {
  return execArgv.flatMap((flag, index) => {
    const [name = ''] = flag.split('=', 1)
    if (!loaderFlags.includes(name)) return []
    const next = execArgv[index + 1]
    if (flag.includes('=')) return [flag]
    return next === undefined ? [] : [flag, next]
  })
}

/** NODE_OPTIONS for a child: it must neither wait for a debugger nor take this process's inspector port. */
export function withoutInspector(nodeOptions: string): string {
  return nodeOptions.replace(/(^|\s)--(inspect-port|debug-port)(=|\s+)\S+|(^|\s)--inspect\S*/g, '').trim()
}
