import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { root, run } from '../run.mjs';

/**
 * Installs the versions of Node that `node/package-lock.json` pins, as npm packages, into a folder. npm compares each
 * with its digest in the lock, and leaves out those of other processors.
 *
 * @returns for each, the oldest first: its version, its modules' binary interface, and its folder with `bin/node`
 */
export async function installRuntimes(folder) {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new Error(`The matrix runs on Linux x64 and arm64; this is ${process.platform} ${process.arch}.`);
  }
  await mkdir(folder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) {
    await cp(join(root, 'scripts/matrix/node', file), join(folder, file));
  }
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });
  return Promise.all(
    ['20', '22', '24'].map(async (major) => {
      const home = join(folder, 'node_modules', `${process.arch}-${major}`);
      const executable = join(home, 'bin/node');
      const [version, abi] = (await run(executable, ['-p', 'process.version + " " + process.versions.modules']))
        .trim()
        .split(' ');
      if (!version.startsWith(`v${major}.`)) throw new Error(`${executable} is Node ${version}, not ${major}.`);
      return { version, abi, home, executable };
    }),
  );
}

/** The environment in which `node`, and what it starts, is that version. The headers that npm is told to use are of another. */
export function environmentOf({ home }) {
  const others = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_)|npm_config_nodedir$|NODE_|DATABASE_URL$|REDIS_URL$)/.test(name),
  );
  return { ...Object.fromEntries(others), PATH: `${join(home, 'bin')}:${process.env.PATH}` };
}
