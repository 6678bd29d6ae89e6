/** The Python that the peers run in: one named by AASIST_PEERS_PYTHON, or an environment of this checkout. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const requirements = join(__dirname, 'requirements.txt')

/** Makes `.aasist/peers` if need be, and again when requirements.txt has changed; pip's lines go to stderr. */
export function peersPython(): string {
  const named = process.env['AASIST_PEERS_PYTHON']
  if (named !== undefined) return named
  const folder = resolve(__dirname, '..', '..', '.aasist', 'peers')
  const python = join(folder, 'bin', 'python')
  const installed = join(folder, 'installed.txt')
  if (existsSync(installed) && readFileSync(installed).equals(readFileSync(requirements))) return python
  const stdio = ['ignore', process.stderr, 'inherit'] as const
  execFileSync('python3', ['-m', 'venv', folder], { stdio: [...stdio] })
  execFileSync(python, ['-m', 'pip', 'install', '-r', requirements], { stdio: [...stdio] })
  // Written last: an installation that was interrupted is taken up again.
  copyFileSync(requirements, installed)
  return python
}

/** What OpenVINO needs for bfloat16 that is computed rather than emulated. */
export function hasBfloat16(): boolean {
  const path = '/proc/cpuinfo'
  return existsSync(path) && /\b(avx512_bf16|amx_bf16)\b/.test(readFileSync(path, 'utf8'))
}
