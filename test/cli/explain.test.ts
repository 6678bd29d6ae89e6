import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { errorGuides, warningGuides } from '../../lib/cli/code-guide'
import { root } from '../support/environment'
import { aasist, expectFailure, expectSuccess } from './support'

const guides = { ...errorGuides, ...warningGuides }

describe('aasist explain', () => {
  it('says what a code means and what helps', async () => {
    const ended = await aasist(['explain', 'AUDIO_TRUNCATED'])
    expectSuccess(ended)
    expect(ended.stdout).to.match(/^AUDIO_TRUNCATED\n\n\S[^]*\.\n\nWhat helps: \S[^]*\.\n$/)
    for (const line of ended.stdout.split('\n')) expect(line.length, line).to.be.at.most(80)
    expect(ended.stderr).to.equal('')
  })

  it('takes a code as it stands in a message, and in small letters', async () => {
    const plain = await aasist(['explain', 'QUEUE_FULL'])
    for (const written of ['[QUEUE_FULL]', 'queue_full'])
      expect((await aasist(['explain', written])).stdout).to.equal(plain.stdout)
  })

  it('lists all codes on lines that fit a terminal, and as JSON with everything', async () => {
    const listed = await aasist(['explain'])
    expectSuccess(listed)
    const lines = listed.stdout.trimEnd().split('\n')
    const names = lines.filter(line => !line.startsWith(' ')).map(line => line.split(' ')[0])
    expect(names).to.deep.equal(Object.keys(guides))
    for (const line of lines) expect(line.length, line).to.be.at.most(80)
    const json = JSON.parse((await aasist(['explain', '--json'])).stdout) as unknown
    expect(json).to.deep.equal(Object.entries(guides).map(([code, guide]) => ({ code, ...guide })))
    const one = JSON.parse((await aasist(['explain', 'RUN_TIMEOUT', '--json'])).stdout) as unknown
    expect(one).to.deep.equal({ code: 'RUN_TIMEOUT', ...errorGuides.RUN_TIMEOUT })
  })

  it('names the code that somebody may have meant', async () => {
    const near = await aasist(['explain', 'AUDIO_TRUNKATED'])
    expectFailure(near, 2, 'INVALID_ARGUMENT')
    expect(near.stderr).to.include('did you mean AUDIO_TRUNCATED?')
    const far = await aasist(['explain', 'constructor'])
    expectFailure(far, 2, 'INVALID_ARGUMENT')
    expect(far.stderr).to.not.include('did you mean')
  })

  it('knows every code that docs/usage.md lists, and that lists every code', () => {
    const usage = readFileSync(join(root, 'docs', 'usage.md'), 'utf8')
    const section = usage.slice(usage.indexOf('\n## Errors\n'))
    const listed = [...section.matchAll(/^\| `\w+Error` +\|(.*)\|$/gm)].flatMap(([, codes]) =>
      [...codes!.matchAll(/`(\w+)`/g)].map(([, code]) => code!),
    )
    expect([...listed, 'INVALID_ARGUMENT', 'UNKNOWN_OPTION']).to.have.members(Object.keys(errorGuides))
  })
})
