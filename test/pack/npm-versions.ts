/** Both npm versions that people have, whichever one is installed here. */
import { fetchCommands } from './fetched'

export type NpmMajor = 10 | 11

/** A folder with that npm and its npx, to be looked into before the rest of PATH. */
export const npmFolder = (major: NpmMajor, folder: string): string => fetchCommands([`npm@${major}`], folder)
