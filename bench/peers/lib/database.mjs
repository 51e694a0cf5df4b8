/** The database with the tokens. All contenders read the tables of our package. */
import mysql from 'mysql2/promise';

const ADMIN_URL = process.env.DATABASE_URL ?? 'mysql://root@127.0.0.1:3306';
const NAME = process.env.BENCH_DATABASE ?? 'peers_bench';
const MARKER = 'peers_bench_marker';

export async function openAdmin() {
  return mysql.createConnection(ADMIN_URL);
}

export function databaseUrl() {
  const url = new URL(ADMIN_URL);
  url.pathname = `/${NAME}`;
  return url.href;
}

export async function createDatabase(admin) {
  await dropDatabase(admin);
  await admin.query(`CREATE DATABASE ${NAME}`);
  await admin.query(`CREATE TABLE ${NAME}.${MARKER} (id INT PRIMARY KEY)`);
}

/** Drops what an earlier run has made, and nothing else of that name. */
export async function dropDatabase(admin) {
  const [tables] = await admin.query(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ?',
    [NAME],
  );
  if (tables.length > 0 && !tables.some(({ name }) => name === MARKER)) {
    throw new Error(`The database ${NAME} is not of this benchmark; choose another name by BENCH_DATABASE.`);
  }
  await admin.query(`DROP DATABASE IF EXISTS ${NAME}`);
}
