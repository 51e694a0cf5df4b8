import { InvalidArgumentError, Option } from 'commander';
import { isResourceIdentifier } from '../core/resource-identifier.js';

/** The option of the commands that read or write the audience of tokens (RFC 8707 §2). */
export function resourceOption(description: string): Option {
  return new Option('--resource <uri>', description).argParser((value) => {
    if (!isResourceIdentifier(value)) {
      throw new InvalidArgumentError(
        'Give an absolute URI without fragment, e.g. https://api.example.com (RFC 8707 §2).',
      );
    }
    return value;
  });
}
