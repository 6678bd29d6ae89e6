// npx links a checkout's package once and sets the exec bit only then, so every build has to set it again.
import { chmodSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

chmodSync(fileURLToPath(new URL('../dist/cli/main.js', import.meta.url)), 0o755)
