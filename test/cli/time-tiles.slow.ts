import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { speechWav, tinyModel } from '../scoring/support'
import { aasist, expectSuccess, scratchFolder } from './support'

const tiny = ['--model', tinyModel.checkpoint, '--device', 'cpu', '--sessions', '1']

describe('aasist score --tiles', function () {
  this.timeout(60_000)
  const folder = scratchFolder()

  it('measured says what was measured, the first time only, and cache ls shows it', async () => {
    writeFileSync(join(folder(), 'a.wav'), speechWav())
    const env = { AASIST_CACHE: join(folder(), 'cache') }
    const files = ['score', 'a.wav', ...tiny]
    const first = await aasist([...files, '--tiles', 'measured'], { cwd: folder(), env })
    expectSuccess(first)
    expect(first.stderr).to.match(
      /^measuring which of 4 tile sizes suits this CPU, once\ntiles of \d+ frames \(38 frames [\d.]+ ms, /,
    )
    const second = await aasist([...files, '--tiles', 'measured'], { cwd: folder(), env })
    expectSuccess(second)
    expect(second.stderr).not.to.include('tile')
    expect(second.stdout).to.equal(first.stdout)
    expect((await aasist(['cache', 'ls'], { env })).stdout).to.match(
      /cpu-tiles-[0-9a-f]{16} .* time tiles for /,
    )
  })
})
