// Every link of the built site leads to a file of it, and every fragment to an element: node scripts/check-site-links.mjs site
// External addresses are only checked for their form, since nothing here leaves this machine.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { Parser } from 'htmlparser2'

const root = resolve(process.argv[2] ?? 'site')
const addressed = { a: 'href', link: 'href', script: 'src', img: 'src', source: 'src', iframe: 'src' }

function readPage(path) {
  const ids = new Set([''])
  const links = []
  const parser = new Parser({
    onopentag(name, attributes) {
      if (attributes.id !== undefined) ids.add(attributes.id)
      if (name === 'a' && attributes.name !== undefined) ids.add(attributes.name)
      const address = attributes[addressed[name]]
      if (address !== undefined) links.push({ name, address })
    },
  })
  parser.write(readFileSync(path, 'utf8'))
  parser.end()
  return { ids, links }
}

const pages = new Map(
  readdirSync(root, { recursive: true })
    .filter(name => name.endsWith('.html'))
    .map(name => [join(root, name), readPage(join(root, name))]),
)
const faults = []
let checked = 0
for (const [path, { links }] of pages) {
  for (const { name, address } of links) {
    checked += 1
    const fault = faultOf(path, name, address)
    if (fault !== undefined) faults.push(`${relative(root, path)}: ${address}: ${fault}`)
  }
}
for (const fault of faults) console.error(fault)
console.log(`${checked} links on ${pages.size} pages, ${faults.length} of them wrong`)
if (faults.length > 0 || pages.size === 0) process.exit(1)

function faultOf(path, name, address) {
  if (/^[a-z]+:/i.test(address)) {
    // What the page itself loads must be its own.
    if (name !== 'a') return 'loaded from elsewhere'
    return URL.canParse(address) && /^(https|mailto):/.test(address) ? undefined : 'no https address'
  }
  const [place, fragment = ''] = address.split('#')
  const [file] = place.split('?')
  const target = file === '' ? path : resolve(dirname(path), decodeURIComponent(file))
  if (relative(root, target).startsWith('..')) return 'leads out of the site'
  if (!existsSync(target) || !statSync(target).isFile()) return 'no such file'
  const page = pages.get(target)
  if (page === undefined) return fragment === '' ? undefined : 'a fragment of what is no page'
  return page.ids.has(decodeURIComponent(fragment)) ? undefined : 'no such place on the page'
}
