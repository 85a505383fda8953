// A replica of the published Node client, driven line by line. The requests and answers are those of
// python_replica.py. The first argument is the folder that holds node_modules.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.argv[2], 'package.json'));
const { connect } = await import(pathToFileURL(require.resolve('@tursodatabase/sync')));

// JSON with every digit: integers come as BigInt, everything else that is a number is a REAL.
function text(value) {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 1e21 ? value.toFixed(1) : String(value);
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return JSON.stringify({ $hex: Buffer.from(value).toString('hex') });
  if (Array.isArray(value)) return `[${value.map(text).join(',')}]`;
  return JSON.stringify(value ?? null);
}

let database = null;

const calls = {
  async open(path, url, options) {
    const named = {};
    if (options.pull_bytes_threshold) named.pullBytesThreshold = options.pull_bytes_threshold;
    if (options.push_operations_threshold) named.pushOperationsThreshold = options.push_operations_threshold;
    if (options.long_poll_timeout_ms) named.longPollTimeoutMs = options.long_poll_timeout_ms;
    if (options.auth_token) named.authToken = options.auth_token;
    database = await connect({ path, url: url ?? undefined, ...named });
  },
  async close() {
    await database.close();
    database = null;
  },
  async execute(statements) {
    for (const statement of statements) await database.exec(statement);
  },
  async rows(sql) {
    const statement = await database.prepare(sql);
    return await statement.raw(true).safeIntegers(true).all();
  },
  async push() {
    await database.push();
  },
  async pull() {
    return await database.pull();
  },
  async checkpoint() {
    await database.checkpoint();
  },
  async pending() {
    return null; // its stats also count the record that ends the last transaction, so 0 is never seen
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = `{"ok":${text(await calls[request.call](...request.args))}}`;
  } catch (failure) {
    answer = JSON.stringify({ error: String(failure) });
  }
  process.stdout.write(`${answer}\n`);
}
