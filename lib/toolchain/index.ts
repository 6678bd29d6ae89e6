/** Vendor tools and their stand-ins: where they are, what they need, and what they say. */
export { describeAclLibrary } from './acl-library'
export type { AclLibrary } from './acl-library'
export { findSimulator, simulatorEnvironment, simulatorSettings } from './simulator'
export type { Simulator, SimulatorSetting } from './simulator'
export { findAtc, sha256OfFile, withAtc } from './atc'
export type { AtcJob, AtcProgram, AtcResult, CompileEvent } from './atc'
export {
  atcOptions,
  fileOptions,
  logLevels,
  pathOptions,
  precisionModes,
  precisionModesV2,
} from './atc-options'
export type { AtcChoices, AtcLogLevel, OnnxInput, PrecisionMode, PrecisionModeV2 } from './atc-options'
export { davinciNodes, driverVersion } from './driver-files'
export { openNpuSmi } from './npu-smi'
export type { NpuSmiQuery, NpuSmiSettings } from './npu-smi'
export { readNpuSmi, unknownChip } from './npu-smi-devices'
export type { NpuSmiChip, NpuSmiChips } from './npu-smi-devices'
export { parseNpuSmiMap } from './npu-smi-lists'
export { nameOf, parseNpuSmiTable } from './npu-smi-table'
export { placeFile } from './place-file'
export { checkSoc, detectSoc, socVersionOf } from './soc'
export type { FoundSoc, SocSource } from './soc'
export { visibleDevices, visibleDevicesVariable, visibleId } from './visible-devices'
export type { VisibleDevices } from './visible-devices'
