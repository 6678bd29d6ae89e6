// Serves the page: its files are read once, and nothing else of the disk can be asked for.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

const types = { '/': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8' }

export async function addPage(app) {
  const read = name => readFile(new URL(`page/${name}`, import.meta.url), 'utf8')
  const html = await read('index.html')
  const policy = contentSecurityPolicy(html)
  app.get('/', async (request, reply) =>
    reply
      .type(types['/'])
      .header('content-security-policy', policy)
      .header('permissions-policy', 'microphone=(self), camera=(), geolocation=()')
      .header('cache-control', 'no-cache')
      .send(html),
  )
  for (const name of ['page.js', 'capture.js']) {
    const script = await read(name)
    app.get(`/${name}`, async (request, reply) =>
      reply.type(types['.js']).header('cache-control', 'no-cache').send(script),
    )
  }
}

/** Only what is served here runs, and nothing goes elsewhere; the one style sheet is known by its hash. */
function contentSecurityPolicy(html) {
  const [, style] = /<style>([^]*?)<\/style>/.exec(html)
  const hash = createHash('sha256').update(style).digest('base64')
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'sha256-${hash}'`,
    "connect-src 'self'",
    'media-src blob:',
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
