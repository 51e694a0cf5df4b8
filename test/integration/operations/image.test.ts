import { readdir, readFile } from 'node:fs/promises';
import { builtinModules, createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

// It comes with the development tools.
const yaml = createRequire(import.meta.url)('js-yaml') as { load(text: string): unknown };

interface Service {
  readonly image?: string;
  readonly restart?: string;
  readonly command?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

async function compose(): Promise<Compose> {
  return yaml.load(await readFile('docker-compose.yml', 'utf8')) as Compose;
}

test('the image has every package that the example imports', async () => {
  const script = await readFile('scripts/example-dependencies.mjs', 'utf8');
  const needed = new Set([...script.matchAll(/^ {2}'([^']+)',$/gm)].map(([, name]) => name));
  const files = (await readdir('examples/bookstore', { recursive: true })).filter((file) => file.endsWith('.ts'));
  const imported = new Set<string>();
  for (const file of files) {
    const source = await readFile(join('examples/bookstore', file), 'utf8');
    for (const [, name = ''] of source.matchAll(/(?:from|import) '([^'.][^']*)'/g)) {
      const packageName = name.split('/', name.startsWith('@') ? 2 : 1).join('/');
      const isBuiltIn = name.startsWith('node:') || builtinModules.includes(name);
      if (!isBuiltIn && packageName !== 'routing-controllers-oauth2') imported.add(packageName);
    }
  }
  expect(imported.size).toBeGreaterThan(5);
  expect([...imported].filter((name) => !needed.has(name))).toEqual([]);
  const { devDependencies } = JSON.parse(await readFile('package.json', 'utf8'));
  expect([...needed].filter((name) => !Object.hasOwn(devDependencies, name as string))).toEqual([]);
});

test('the image is pruned to what runs, and runs as a user', async () => {
  const stages = (await readFile('Dockerfile', 'utf8')).split(/^FROM /m);
  const [build = '', last = ''] = stages.slice(-2);
  expect(build.indexOf('npm prune --omit=dev')).toBeGreaterThan(build.indexOf('npm ci'));
  expect(last).toMatch(/^USER node$/m);
  expect(last).not.toMatch(/npm (ci|install)/);
});

test('every service of the composition restarts by itself and says when it can be used', async () => {
  const { services } = await compose();
  for (const service of Object.values(services)) {
    expect(service.restart).toBe('unless-stopped');
    expect(service.healthcheck?.test.length).toBeGreaterThan(0);
  }
  for (const name of ['bookstore-1', 'bookstore-2']) {
    expect(services[name]?.healthcheck?.test.join(' ')).toContain('/health/ready');
    expect(services[name]?.depends_on).toEqual({
      mysql: { condition: 'service_healthy' },
      redis: { condition: 'service_healthy' },
    });
  }
});

test('Redis keeps its data in a volume, by its append-only log', async () => {
  const { services, volumes } = await compose();
  expect(services.redis?.command?.join(' ')).toContain('--appendonly yes');
  expect(services.redis?.volumes).toEqual(['redis:/data']);
  expect(Object.keys(volumes)).toEqual(expect.arrayContaining(['mysql', 'redis']));
});
