/** examples/service as its reader would run it: a process in a folder of its own, with what it needs in node_modules. */
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { Running } from '../cli/support'
import { root } from '../support/environment'
import { readJson } from '../support/golden'

export const serviceFolder = join(root, 'examples', 'service')

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}
export const serviceManifest = readJson(serviceFolder, 'package.json') as Manifest
export const rootManifest = readJson(root, 'package.json') as Manifest

/** What its `npm install` would do, without a registry. */
export function installService(folder: string): void {
  cpSync(serviceFolder, folder, { recursive: true })
  for (const name of Object.keys(serviceManifest.dependencies)) {
    const place = join(folder, 'node_modules', name)
    mkdirSync(dirname(place), { recursive: true })
    symlinkSync(name === 'aasist-ascend' ? root : join(root, 'node_modules', name), place)
  }
}

export interface Failure {
  readonly code: string
  readonly message: string
}

export interface Answer<Body = unknown> {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Body
}

export type Gauges = ReadonlyMap<string, number>

/** A service that has been started. */
export class Service {
  readonly running: Running
  #origin = ''

  constructor(folder: string, environment: NodeJS.ProcessEnv) {
    const env = { PORT: '0', DEVICE: 'cpu', ...environment }
    this.running = new Running(process.execPath, ['server.mjs'], { cwd: folder, env, timeoutSeconds: 240 })
  }

  get origin(): string {
    return this.#origin
  }

  async listening(): Promise<void> {
    const address = /listening at (http:\/\/127\.0\.0\.1:\d+)/
    await this.#until(() => Promise.resolve(address.test(this.running.stdout)), 'the service to listen')
    this.#origin = address.exec(this.running.stdout)![1]!
  }

  async ready(): Promise<void> {
    await this.listening()
    await this.until(
      async () => (await fetch(`${this.origin}/readyz`)).status === 200,
      'the service to be ready',
    )
  }

  async until(condition: () => Promise<boolean>, what: string): Promise<void> {
    await this.#until(condition, what)
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path, {})
  }

  postJson(body: unknown, path = '/v1/score'): Promise<Answer> {
    return this.send('POST', path, { 'content-type': 'application/json' }, JSON.stringify(body))
  }

  postFile(bytes: Uint8Array, path = '/v1/score'): Promise<Answer> {
    const { type, body } = form(bytes)
    return this.send('POST', path, { 'content-type': type }, body)
  }

  send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: Uint8Array | string,
  ): Promise<Answer> {
    const { answer, outgoing } = this.open(method, path, headers)
    outgoing.end(body)
    return answer
  }

  /** A request whose body is still to be written. */
  open(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
  ): { readonly outgoing: ClientRequest; readonly answer: Promise<Answer> } {
    const outgoing = request(`${this.origin}${path}`, { method, headers, agent: false })
    const answer = new Promise<Answer>((resolve, reject) => {
      outgoing.on('error', reject)
      outgoing.on('response', incoming => {
        let text = ''
        incoming.setEncoding('utf8').on('data', (part: string) => (text += part))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const isJson = incoming.headers['content-type']?.startsWith('application/json') === true
          const body: unknown = isJson && text !== '' ? JSON.parse(text) : text
          resolve({ status: incoming.statusCode!, headers: incoming.headers, body })
        })
      })
    })
    // Whoever breaks a request off does not wait for its answer.
    answer.catch(() => undefined)
    return { outgoing, answer }
  }

  /** The figures of /metrics by name and labels, as they are written there. */
  async figures(): Promise<Gauges> {
    const { body } = await this.get('/metrics')
    const lines = (body as string).split('\n').filter(line => line !== '' && !line.startsWith('#'))
    return new Map(
      lines.map(line => {
        const at = line.lastIndexOf(' ')
        return [line.slice(0, at), Number(line.slice(at + 1))]
      }),
    )
  }

  async untilFigure(name: string, isReached: (value: number) => boolean): Promise<void> {
    await this.#until(async () => isReached((await this.figures()).get(name) ?? 0), name)
  }

  /** Ends it as a supervisor does, and expects it to end well. */
  async end(): Promise<void> {
    this.running.kill('SIGTERM')
    const { status, signal, stdout, stderr } = await this.running.ended
    expect([status, signal], stdout + stderr).to.deep.equal([0, null])
    expect(stderr).to.equal('')
  }

  async #until(condition: () => Promise<boolean>, what: string): Promise<void> {
    const ended = this.running.ended.then(({ stdout, stderr }) => {
      throw new Error(`ended while waiting for ${what}: ${stdout}${stderr}`)
    })
    ended.catch(() => undefined)
    const deadlineAtMs = performance.now() + 60_000
    while (!(await Promise.race([condition(), ended]))) {
      if (performance.now() > deadlineAtMs) throw new Error(`still waiting for ${what}`)
      await Promise.race([new Promise(resolve => setTimeout(resolve, 10)), ended])
    }
  }
}

/** A form with one file, as a browser sends it. */
export function form(bytes: Uint8Array): { readonly type: string; readonly body: Buffer } {
  const boundary = 'of-the-test'
  const head =
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="../../etc/passwd"\r\n` +
    'Content-Type: application/octet-stream\r\n\r\n'
  const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)])
  return { type: `multipart/form-data; boundary=${boundary}`, body }
}

export const codeOf = ({ body }: Answer): string => (body as Failure).code
