import { expect } from 'chai'
import { loadClip } from '../../lib/audio'
import { AudioError } from '../../lib/errors'
import { badAudio } from './bad-audio'

describe('audio that must be refused', () => {
  it('comes in at least 35 kinds, each with a name of its own', () => {
    expect(badAudio.length).to.be.at.least(35)
    expect(new Set(badAudio.map(({ name }) => name)).size).to.equal(badAudio.length)
  })

  for (const { name, fileName, bytes, code } of badAudio) {
    it(`${name}: ${code}`, async () => {
      const outcome: unknown = await loadClip(bytes(), { windowSamples: 64600, fileName }).catch(
        (error: unknown) => error,
      )
      expect(outcome).to.be.instanceOf(AudioError)
      const error = outcome as AudioError
      expect(error.message).to.match(new RegExp(`^${fileName}: `))
      expect(error.code, error.message).to.equal(code)
    })
  }

  it('is named for what it looks like', async () => {
    const looks: Readonly<Record<string, string>> = {
      'MP3 named .flac': 'MP3',
      'MP3 with an ID3 tag named .wav': 'MP3',
      'AAC named .wav': 'AAC',
      'M4A named .wav': 'M4A',
      'Ogg Vorbis named .wav': 'Ogg Vorbis',
      'Ogg Opus': 'Ogg Opus',
      'Ogg FLAC named .flac': 'Ogg FLAC',
      AIFF: 'AIFF',
      'Core Audio': 'CAF',
      'NIST SPHERE named .wav': 'NIST SPHERE',
      'an HTML page named .flac': 'HTML',
      'a Git LFS pointer': 'Git LFS',
      'zero bytes': 'zero bytes',
      text: 'text',
      'big-endian WAV': 'RIFX',
      'an AVI video named .wav': 'AVI',
      'IMA ADPCM in WAV': 'IMA ADPCM',
      'MP3 in WAV': 'MP3',
      'an unknown format tag': '0x4242',
    }
    for (const [name, look] of Object.entries(looks)) {
      const found = badAudio.find(bad => bad.name === name)!
      const outcome = await loadClip(found.bytes(), { windowSamples: 64600 }).catch((error: unknown) => error)
      expect((outcome as AudioError).message, name).to.include(look)
    }
  })
})
