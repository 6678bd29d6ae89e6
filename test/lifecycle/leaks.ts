/** What is made and released many times leaves a process as it was: each kind in a process that does nothing else. */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { modelPath } from '../session/support'
import { root } from '../support/environment'
import { simulatedNpu } from '../support/native'
import { scratchFolder } from '../support/scratch-folder'
import { expectClean, lastReport } from '../support/simulator-report'
import { ownerNames, type Lived, type OwnerName } from './lives'

const tsx = createRequire(__filename).resolve('tsx/cjs')
const script = join(root, 'test', 'lifecycle', 'lives.ts')

/** How often each is made and released. */
export function describeLives(livesOf: Readonly<Record<OwnerName, number>>): void {
  describe('made, used and released again and again', function () {
    this.timeout(600_000)
    const npu = simulatedNpu()
    const folder = scratchFolder()

    for (const owner of ownerNames) {
      const lives = livesOf[owner]
      it(`${owner}, ${lives} times, leaves files, threads, processes and memory as they were`, async () => {
        const args = ['--expose-gc', '--require', tsx, script, owner]
        const places = [npu.models.compile(modelPath('add')), npu.libraryPath, String(lives)]
        const report = join(folder(), 'report')
        const { stdout } = await promisify(execFile)(process.execPath, [...args, ...places], {
          env: { ...process.env, ACL_SIM_REPORT: report },
          timeout: 590_000,
          killSignal: 'SIGKILL',
        })
        const { before, after } = JSON.parse(stdout) as Lived
        const [first, last] = [before.sample, after.sample]
        expect(last.fds, 'files').to.be.at.most(first.fds)
        expect(last.threads, 'threads').to.be.at.most(first.threads)
        expect(last.children + last.zombies, 'processes').to.be.at.most(first.children + first.zombies)
        expect(after.nativeBytes - before.nativeBytes, 'native memory').to.be.within(-1e6, 1e6)
        expect((last.rssBytes - first.rssBytes) / lives, 'bytes a life').to.be.below(150_000)
        if (/Acl|NPU/.test(owner)) expectClean(lastReport(report))
        expect((last.heapBytes - first.heapBytes) / lives, 'heap a life').to.be.below(10_000)
      })
    }
  })
}
