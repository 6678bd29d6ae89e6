/** Vendor tools and their stand-ins: where they are and what they need of the environment. */
export { describeAclLibrary } from './acl-library'
export type { AclLibrary } from './acl-library'
export { findSimulator, simulatorEnvironment, simulatorSettings } from './simulator'
export type { Simulator, SimulatorSetting } from './simulator'
