import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigurationError } from '../../core/errors.js';
import { describePath, refuseOption } from '../../core/options/index.js';

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** An OpenAPI document as it was read, and how messages name it. */
export interface ReadDocument {
  readonly name: string;
  readonly content: JsonObject;
}

const FIX = "give the path of an OpenAPI document, e.g. 'openapi.json' or 'openapi.yaml', or the document as an object";
const YAML = /\.ya?ml$/i;
const FILE = /\.(?:json|ya?ml)$/i;

/**
 * Reads an OpenAPI 3 document: an object, or a file of JSON or, with the optional package `yaml`, of YAML.
 *
 * @throws ConfigurationError if there is no such file, it cannot be parsed, or it is no OpenAPI 3 document
 */
export function readDocument(path: string, given: unknown): ReadDocument {
  const file = given instanceof URL && given.protocol === 'file:' ? fileURLToPath(given) : given;
  if (typeof file === 'string') {
    if (!FILE.test(file)) refuseOption(path, file, FIX);
    return { name: basename(file), content: checked(path, parsedFile(path, file)) };
  }
  return { name: 'the OpenAPI document', content: checked(path, given) };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checked(path: string, content: unknown): JsonObject {
  if (!isObject(content) || content instanceof URL) refuseOption(path, content, FIX);
  if (typeof content.swagger === 'string') refuseOption(path, content, 'it is Swagger 2.0; convert it to OpenAPI 3');
  if (typeof content.openapi !== 'string' || !content.openapi.startsWith('3.')) {
    refuseOption(path, content, 'it is no OpenAPI 3 document: its member openapi has to begin with 3.');
  }
  return content;
}

function parsedFile(path: string, file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(path, file, error);
  }
  const parse = YAML.test(file) ? yamlParser(path) : JSON.parse;
  try {
    return parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw unreadable(path, file, error);
  }
}

function unreadable(path: string, file: string, cause: unknown): ConfigurationError {
  // The system repeats the path, and a parser shows lines of the file.
  const [reason] = (cause as Error).message.split(/\n|, open /, 1);
  return new ConfigurationError(`The option ${path}: ${describePath(file, FILE)} cannot be read: ${reason}`, {
    option: path,
    cause,
  });
}

/** The only place where yaml is loaded, and only for a file of YAML: it is an optional package. */
function yamlParser(path: string): (text: string) => unknown {
  const require = createRequire(import.meta.url);
  try {
    require.resolve('yaml');
  } catch {
    throw new ConfigurationError(`The option ${path} needs the package yaml for a file of YAML: npm install yaml.`, {
      option: path,
    });
  }
  return (require('yaml') as { parse(text: string): unknown }).parse;
}
