export {
  choiceOption,
  clockOption,
  entriesOption,
  flagOption,
  functionOption,
  knownOptions,
  listOption,
  loggerOption,
  numberOption,
  objectOption,
  objectWith,
  type Range,
  textOption,
  wholeNumberOption,
} from './checks.js';
export {
  describeName,
  describePath,
  describeUrl,
  describeValue,
  MASK,
  maskUrls,
  type Shows,
  secretsOf,
  withoutEach,
  withoutTexts,
  withoutValues,
} from './masking.js';
export { suggestion } from './nearest.js';
export {
  hostPath,
  optionPath,
  reasonWithout,
  refusalText,
  refuseForReason,
  refuseOption,
  refuseUnknown,
} from './refuse-option.js';
