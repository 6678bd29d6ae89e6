// The site of `npm run docs`: the pages of docs/ and the reference of every door of the package.
import { readdirSync, readFileSync } from 'node:fs'

const { exports: doors } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))
const pages = folder =>
  readdirSync(new URL(folder, import.meta.url))
    .filter(name => name.endsWith('.md') && name !== 'README.md')
    .map(name => `${folder}${name}`)

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: 'aasist-ascend',
  includeVersion: true,
  entryPoints: Object.values(doors)
    .filter(door => typeof door === 'object')
    .map(({ types }) => types.replace('./dist/', 'lib/').replace(/\.d\.ts$/, '.ts')),
  tsconfig: 'tsconfig.json',
  out: 'site',
  readme: 'README.md',
  projectDocuments: [
    'docs/tutorials/README.md',
    ...pages('docs/tutorials/'),
    'docs/usage.md',
    ...pages('docs/').filter(page => page !== 'docs/usage.md'),
    'examples/batch/README.md',
    'examples/service/README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'RELEASING.md',
  ],
  // The order above, not the alphabet's.
  sort: ['source-order'],
  alwaysCreateEntryPointModule: true,
  excludeExternals: true,
  externalPattern: ['**/node_modules/**'],
  excludeInternal: true,
  // Lists whose words are the types that are shown.
  intentionallyNotExported: ['asvPresets', 'precisionModes', 'precisionModesV2', 'logLevels'],
  excludePrivate: true,
  disableSources: true,
  disableGit: true,
  sourceLinkExternal: false,
  customCss: 'scripts/site.css',
  hideGenerator: true,
  // `.md` is the end of a country's addresses, too.
  markdownItOptions: { html: true, linkify: false },
  highlightLanguages: ['bash', 'c', 'javascript', 'json', 'typescript', 'yaml', 'dockerfile'],
  githubPages: false,
  validation: {
    invalidLink: true,
    invalidPath: true,
    notExported: true,
    rewrittenLink: true,
    unusedMergeModuleWith: true,
  },
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
}
