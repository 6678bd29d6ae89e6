/** What `doctor` says about machines that are not this one. */
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Check } from '../../lib/cli/check'
import { hostChecks } from '../../lib/cli/doctor-findings'
import { lookAtHost } from '../../lib/cli/doctor-host'
import type { HostUser } from '../../lib/toolchain/host-view'
import {
  allNodes,
  buildHost,
  driver,
  groupFile,
  latest,
  sourced,
  stranger,
  toolkit,
  type FakeHost,
} from './fake-host'
import { scratchFolder } from './support'

describe('aasist doctor on a machine with', () => {
  const folder = scratchFolder()
  const group = { '/etc/group': groupFile }

  async function checksOf(host: FakeHost, socName: string | null = null, user?: HostUser) {
    const built = buildHost(folder(), host)
    const gid = host.nodes === undefined ? 1000 : statSync(join(folder(), Object.keys(host.nodes)[0]!)).gid
    const view = { ...built, user: user ?? { uid: 4711, groups: [gid] } }
    const checks = hostChecks(await lookAtHost(view), { socName })
    for (const { name, state, found, fix } of checks) {
      expect(found, name).to.not.match(/undefined|null|\[object/)
      if (state === 'failed' || state === 'missing') expect(fix, name).to.be.a('string')
    }
    return (name: string): Check => {
      const check = checks.find(each => each.name === name)
      if (check === undefined) throw new Error(`no check ${name} in ${JSON.stringify(checks)}`)
      return check
    }
  }

  const whole: FakeHost = {
    files: { ...driver, ...toolkit, ...group },
    links: latest,
    nodes: allNodes,
    programs: { '/usr/local/Ascend/ascend-toolkit/8.1.RC1/bin/atc': '#!/bin/bash', '/usr/bin/python3': '' },
    environment: sourced,
  }

  it('nothing of Ascend: one line, and nothing to mend', async () => {
    const built = buildHost(folder(), { environment: { PATH: '/usr/bin' } })
    const checks = hostChecks(await lookAtHost(built), { socName: null })
    expect(checks).to.deep.equal([
      { name: 'Ascend', state: 'info', found: 'no driver, no CANN and no device nodes' },
    ])
  })

  it('everything: versions, places and nodes, all in order', async () => {
    const check = await checksOf(whole, 'Ascend310P3')
    expect(check('CANN')).to.deep.equal({
      name: 'CANN',
      state: 'ok',
      found:
        '8.1.RC1 (toolkit) in /usr/local/Ascend/ascend-toolkit/latest (ASCEND_HOME_PATH, ASCEND_TOOLKIT_HOME)',
    })
    expect(check('driver')).to.include({ state: 'ok', found: '24.1.rc1 in /usr/local/Ascend/driver' })
    expect(check('device nodes')).to.include({
      state: 'ok',
      found: '/dev/davinci0, /dev/davinci_manager, /dev/devmm_svm, /dev/hisi_hdc',
    })
    expect(check('LD_LIBRARY_PATH')).to.include({ state: 'ok' })
    expect(check('operators (OPP)')).to.include({
      state: 'ok',
      found: '8.1.0.1.100 in /usr/local/Ascend/ascend-toolkit/latest/opp, for ascend310p, with kernels',
    })
    expect(check('atc')).to.include({
      state: 'ok',
      found: '/usr/local/Ascend/ascend-toolkit/latest/bin/atc',
    })
    expect(check('npu-smi')).to.have.property('fix')
  })

  it('a toolkit of 8.5, in its new place', async () => {
    const cann = '/usr/local/Ascend/cann-8.5.0'
    const check = await checksOf({
      files: {
        [`${cann}/set_env.sh`]: '',
        [`${cann}/lib64/`]: '',
        [`${cann}/aarch64-linux/ascend_toolkit_install.info`]: 'version=8.5.0\n',
      },
      links: { '/usr/local/Ascend/cann': 'cann-8.5.0' },
    })
    expect(check('CANN')).to.include({ state: 'info' })
    expect(check('CANN').found).to.match(/^8\.5\.0 \(toolkit\) in \/usr\/local\/Ascend\/cann;/)
    expect(check('CANN').fix).to.match(/^source \/usr\/local\/Ascend\/cann\/set_env\.sh /)
    expect(check('driver')).to.include({
      state: 'info',
      found: 'none: cards need one; compiling and the simulator do not',
    })
    expect(check('operators (OPP)')).to.include({ state: 'missing' })
  })

  it('a toolkit in the home of its user', async () => {
    const check = await checksOf({
      files: {
        '/users/eve/Ascend/nnrt/latest/lib64/': '',
        '/users/eve/Ascend/nnrt/latest/ascend_nnrt_install.info': 'version=7.0.0\n',
      },
      environment: { HOME: '/users/eve' },
    })
    expect(check('CANN').found).to.match(/^7\.0\.0 \(nnrt\) in \/users\/eve\/Ascend\/nnrt\/latest;/)
  })

  it('toolkit but no driver: it compiles, and that is all', async () => {
    const check = await checksOf({ files: toolkit, links: latest, environment: sourced })
    expect(check('CANN')).to.include({ state: 'ok' })
    expect(check('driver')).to.include({ state: 'info' })
    expect(check('driver').fix).to.match(/npu-driver/)
    expect(check('device nodes')).to.include({ state: 'info', found: 'no /dev/davinci<n>' })
  })

  it('driver but no toolkit', async () => {
    const check = await checksOf({ files: { ...driver, ...group }, nodes: allNodes, environment: {} })
    expect(check('CANN')).to.include({ state: 'missing' })
    expect(check('CANN').fix).to.match(/Ascend-cann-toolkit.*--install.*set_env\.sh.*driver 24\.1\.rc1/)
    expect(check('driver')).to.include({ state: 'ok' })
  })

  it('a toolkit whose environment is not set up', async () => {
    const check = await checksOf({ ...whole, environment: { PATH: '/usr/bin' } })
    expect(check('CANN')).to.include({ state: 'missing' })
    expect(check('CANN').fix).to.match(/^source \/usr\/local\/Ascend\/ascend-toolkit\/set_env\.sh /)
    expect(check('atc').fix).to.equal('source /usr/local/Ascend/ascend-toolkit/set_env.sh')
  })

  it('an environment that names a CANN which has gone', async () => {
    const gone = '/opt/old/ascend-toolkit/latest'
    const check = await checksOf({ ...whole, environment: { ...sourced, ASCEND_HOME_PATH: gone } })
    expect(check('CANN')).to.include({ state: 'failed', found: `ASCEND_HOME_PATH=${gone}, where no CANN is` })
    expect(check('CANN').fix).to.equal(
      'unset ASCEND_HOME_PATH && source /usr/local/Ascend/ascend-toolkit/set_env.sh',
    )
  })

  it('stubs first on LD_LIBRARY_PATH: the command that is told takes them out and leaves the rest', async () => {
    const home = sourced.ASCEND_HOME_PATH
    const path = `${home}/x86_64-linux/devlib:${home}/lib64:/opt/a b/lib`
    const check = await checksOf({ ...whole, environment: { ...sourced, LD_LIBRARY_PATH: path } })
    expect(check('LD_LIBRARY_PATH')).to.include({ state: 'failed' })
    expect(check('LD_LIBRARY_PATH').found)
      .to.include(`libascend_hal.so in ${home}/x86_64-linux/devlib`)
      .and.include('100039')
    const script = `${check('LD_LIBRARY_PATH').fix!}\nprintf %s "$LD_LIBRARY_PATH"`
    const mended = execFileSync('sh', ['-c', script], {
      env: { PATH: process.env['PATH'], LD_LIBRARY_PATH: path },
    })
    expect(mended.toString()).to.equal(`${home}/lib64:/opt/a b/lib`)
  })

  it('stubs behind a link of another name', async () => {
    const check = await checksOf({
      ...whole,
      links: { ...latest, '/opt/libs': '../usr/local/Ascend/ascend-toolkit/8.1.RC1/x86_64-linux/devlib' },
      environment: { ...sourced, LD_LIBRARY_PATH: '/opt/libs' },
    })
    expect(check('LD_LIBRARY_PATH')).to.include({ state: 'failed' })
  })

  it('stubs and no driver, as atc needs it there', async () => {
    const LD_LIBRARY_PATH = `${sourced.ASCEND_HOME_PATH}/x86_64-linux/devlib`
    const check = await checksOf({
      files: toolkit,
      links: latest,
      environment: { ...sourced, LD_LIBRARY_PATH },
    })
    expect(check('LD_LIBRARY_PATH')).to.include({ state: 'info' })
  })

  it('a driver whose libraries the linker does not find', async () => {
    const files = { ...driver, ...toolkit, ...group, '/etc/ld.so.conf.d/ascend_driver_so.conf': '# none\n' }
    const check = await checksOf({ ...whole, files })
    expect(check('LD_LIBRARY_PATH')).to.include({ state: 'missing' })
    expect(check('LD_LIBRARY_PATH').fix).to.match(
      /^export LD_LIBRARY_PATH=\/usr\/local\/Ascend\/driver\/lib64\/driver:/,
    )
  })

  it('nodes that the user may not use', async () => {
    const check = await checksOf(whole, null, stranger)
    expect(check('device nodes')).to.include({ state: 'failed' })
    expect(check('device nodes').found).to.match(/\/dev\/davinci0 \(group \S+, mode 660\)/)
    expect(check('device nodes').fix).to.match(/^sudo usermod -aG \S+ "\$USER"/)
    if (process.getuid?.() === 0) expect(check('device nodes').fix).to.include('HwHiAiUser')
  })

  it('one node of several that the user may not use: the others can work', async () => {
    const check = await checksOf({ ...whole, nodes: { ...allNodes, '/dev/davinci1': 0o000 } })
    expect(check('device nodes')).to.include({ state: 'info' })
    expect(check('device nodes').found).to.include('/dev/davinci1').and.not.include('davinci0')
  })

  it('a chip but not all that manages it', async () => {
    const check = await checksOf({
      ...whole,
      nodes: { '/dev/davinci0': 0o660, '/dev/davinci_manager': 0o660 },
    })
    expect(check('device nodes')).to.include({
      state: 'missing',
      found: '/dev/davinci0, without /dev/devmm_svm, /dev/hisi_hdc',
    })
  })

  it('a driver and no nodes: it is not loaded', async () => {
    const check = await checksOf({ files: { ...driver, ...toolkit }, links: latest, environment: sourced })
    expect(check('device nodes')).to.include({ state: 'missing' })
    expect(check('device nodes').fix).to.match(/^lspci -d 19e5:; dmesg/)
  })

  it('a container that was given no nodes: all flags of docker run, nodes and mounts', async () => {
    const check = await checksOf({
      files: { ...driver, ...toolkit, '/.dockerenv': '' },
      links: latest,
      environment: sourced,
    })
    expect(check('device nodes')).to.include({
      state: 'missing',
      found: 'no /dev/davinci<n> in this container (docker)',
    })
    const fix = check('device nodes').fix!
    for (const node of Object.keys(allNodes)) expect(fix).to.include(`--device=${node} `)
    for (const mount of ['/usr/local/dcmi', '/usr/local/Ascend/driver/lib64', '/usr/local/bin/npu-smi'])
      expect(fix).to.include(`-v ${mount}:${mount}:ro`)
    expect(check('container').found).to.include('/usr/local/dcmi')
  })

  it('a container that was given nodes and no driver', async () => {
    const check = await checksOf({
      files: { ...toolkit, ...group, '/proc/1/cgroup': '0::/kubepods/besteffort/pod1\n' },
      links: latest,
      nodes: { ...allNodes, '/dev/davinci3': 0o660 },
      environment: sourced,
    })
    expect(check('driver')).to.include({ state: 'missing' })
    expect(check('driver').fix).to.include('--device=/dev/davinci0 --device=/dev/davinci3 ')
    expect(check('container').found).to.match(/^kubernetes; not mounted: /)
  })

  it('a container whose user is not in the group', async () => {
    const files = { ...driver, ...toolkit, ...group, '/run/.containerenv': '' }
    const check = await checksOf({ ...whole, files }, null, stranger)
    expect(check('container').found).to.match(/^podman/)
    expect(check('device nodes').fix).to.match(/^docker run --group-add \d+ /)
  })

  it('no operators', async () => {
    const check = await checksOf({ ...whole, environment: { ...sourced, ASCEND_OPP_PATH: '/opt/opp' } })
    expect(check('operators (OPP)')).to.include({ state: 'missing', found: 'none in /opt/opp' })
    expect(check('operators (OPP)').fix).to.match(/^source .*set_env\.sh/)
  })

  it('operators for another chip', async () => {
    const check = await checksOf(whole, 'Ascend910B3')
    expect(check('operators (OPP)')).to.include({ state: 'missing' })
    expect(check('operators (OPP)').found).to.match(/for ascend310p; not for ascend910b \(Ascend910B3\)$/)
    expect(check('operators (OPP)').fix).to.match(/ascend910b.*--install/)
  })

  it('operators of another release than the rest, which has numbers of its own', async () => {
    const compiler = '/usr/local/Ascend/ascend-toolkit/8.1.RC1/compiler/version.info'
    const files = { ...whole.files, [compiler]: 'Version=7.6.0.1.220\n' }
    const check = await checksOf({ ...whole, files }, 'Ascend310P3')
    expect(check('operators (OPP)')).to.include({ state: 'failed' })
    expect(check('operators (OPP)').found).to.match(/^8\.1\.0\.1\.100 .* is 7\.6\.0\.1\.220$/)
  })

  it('a list of visible devices that AscendCL refuses', async () => {
    const environment = { ...sourced, ASCEND_RT_VISIBLE_DEVICES: '1,0' }
    const refused = await checksOf({ ...whole, environment })
    expect(refused('ASCEND_RT_VISIBLE_DEVICES')).to.include({ state: 'failed' })
    expect(refused('ASCEND_RT_VISIBLE_DEVICES').fix).to.match(/^unset ASCEND_RT_VISIBLE_DEVICES/)
  })

  it("the simulator's programs, and says whose they are", async () => {
    const check = await checksOf({
      programs: { '/opt/sim/atc': '…ACL_SIM_SOC…', '/opt/sim/npu-smi': '…ACL_SIM_DEVICES…' },
      environment: { PATH: '/opt/sim' },
    })
    expect(check('atc')).to.deep.equal({ name: 'atc', state: 'info', found: '/opt/sim/atc (the simulator)' })
    expect(check('npu-smi')).to.include({ found: '/opt/sim/npu-smi (the simulator)' })
  })

  it('atc and no python3', async () => {
    const { programs } = whole
    const check = await checksOf({ ...whole, programs: { ...programs, '/usr/bin/python3': '' } })
    expect(check('atc')).to.include({ state: 'ok' })
    const without = await checksOf({
      ...whole,
      links: {},
      environment: { ...sourced, PATH: `${sourced.ASCEND_HOME_PATH}/bin` },
    })
    expect(without('atc')).to.include({ state: 'missing' })
    expect(without('atc').fix).to.include('python3')
  })
})
