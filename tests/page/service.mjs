// A pgsluice on real servers, each behind a proxy that can be cut, in a database and under an index prefix of its own.
import {execFile, execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import net from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';

// Asynchronous, for the proxies live in this process.
const run = promisify(execFile);
const binary = process.env.PGSLUICE_BINARY;
const database = new URL(process.env.PGSLUICE_DATABASE_URL);
const engine = new URL(process.env.PGSLUICE_ELASTICSEARCH_URL.split(',')[0]);
const name = `pgsluice_page_${process.pid}`;
const prefix = `page${process.pid}-`;

export function psql(sql, url = at(name)) {
  return execFileSync('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', sql, String(url)], {encoding: 'utf8'});
}

function at(databaseName, port) {
  const url = new URL(database);
  url.pathname = `/${databaseName}`;
  if (port) url.host = `127.0.0.1:${port}`;
  return url;
}

/** Passes bytes on until it is cut; then no process listens. */
class Proxy {
  constructor(target) {
    this.target = target;
    this.sockets = new Set();
  }

  async open(port = 0) {
    this.server = net.createServer((near) => {
      const far = net.connect(Number(this.target.port), this.target.hostname);
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => { near.destroy(); far.destroy(); this.sockets.delete(socket); });
      }
      near.pipe(far).pipe(near);
    });
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = this.server.address().port;
  }

  async cut() {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export class Service {
  folder = mkdtempSync(path.join(tmpdir(), 'pgsluice-page-'));
  toDatabase = new Proxy(database);
  toEngine = new Proxy(engine);

  async start(schema, config) {
    psql(`CREATE DATABASE ${name}`, database);
    psql(schema);
    await this.toDatabase.open();
    await this.toEngine.open();
    const file = path.join(this.folder, 'pgsluice.json');
    writeFileSync(file, JSON.stringify({...config, admin_row_values: true, elasticsearch: {index_prefix: prefix, urls: [`http://127.0.0.1:${this.toEngine.port}`]}}));
    this.api = `127.0.0.1:${await freePort()}`;
    this.admin = `http://127.0.0.1:${await freePort()}`;
    const {PGSLUICE_ELASTICSEARCH_URL, ...environment} = process.env;
    this.environment = {...environment, PGSLUICE_DATABASE_URL: String(at(name, this.toDatabase.port)), PGSLUICE_CONFIG: file,
      PGSLUICE_LISTEN: this.api, PGSLUICE_ADMIN_LISTEN: this.admin.slice(7)};
    await run(binary, ['migrate', 'up'], {env: this.environment});
    this.process = spawn(binary, ['run'], {env: this.environment, stdio: ['ignore', 'ignore', 'pipe']});
    this.log = '';
    const listens = new Promise((resolve, reject) => {
      this.process.stderr.on('data', (text) => {
        this.log += text;
        if (this.log.includes('running')) resolve();
      });
      this.process.on('exit', (code) => reject(new Error(`pgsluice ended with ${code}: ${this.log}`)));
    });
    await listens;
    await run(binary, ['wait', '--timeout', '60s'], {env: this.environment});
  }

  async stop() {
    if (this.process && this.process.exitCode === null) {
      this.process.removeAllListeners('exit');
      this.process.kill('SIGTERM');
      await once(this.process, 'exit');
    }
    for (const proxy of [this.toDatabase, this.toEngine]) if (proxy.server?.listening) await proxy.cut();
    await fetch(new URL(`/${prefix}*`, engine), {method: 'DELETE'});
    psql(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`, database);
    rmSync(this.folder, {recursive: true});
  }
}
