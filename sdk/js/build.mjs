#!/usr/bin/env node
// Builds a rule in JavaScript into a component: node build.mjs rule.js -o rule.wasm

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { SourceMap } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const sdk = path.dirname(fileURLToPath(import.meta.url));
const WIT = path.join(sdk, "../../wit/v0.2");
const HOST = "ocellus:plugin/host@0.2.0";
const KEY_VALUE = "ocellus:plugin/key-value@0.2.0";
const USAGE = "usage: ocellus-build RULE.js -o RULE.wasm [--engine quickjs|spidermonkey]";

/** A package that building needs and running or testing a rule does not. */
function tool(name) {
  return import(name).catch(() => {
    throw new Usage(`${name} is missing; run \`npm install --ignore-scripts\` in your project or in ${sdk} first`);
  });
}

/** componentize-js needs a shim that it does not name, and no later one. */
const SPIDERMONKEY = "@bytecodealliance/componentize-js@0.23.0 @bytecodealliance/preview2-shim@0.17.2";

/** A message for the author that needs no stack. */
class Usage extends Error {}

/** A module and all that it imports, as one module; with the place of each of its lines in the author's files. */
async function bundle(contents, resolveDir) {
  const esbuild = await tool("esbuild");
  const built = await esbuild.build({
    stdin: { contents, resolveDir, sourcefile: "entry.js" },
    alias: { "@ocellus/sdk": path.join(sdk, "src/index.js") },
    external: [HOST, KEY_VALUE],
    bundle: true,
    write: false,
    outfile: path.join(resolveDir, "bundle.js"),
    sourcemap: "external",
    sourcesContent: false,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    logLevel: "error",
  });
  const [map, { text }] = built.outputFiles;
  return { text, places: places(JSON.parse(map.text), text.split("\n").length) };
}

/** Where each line of a bundle was written: names of files, and a file and a line for each. */
function places(payload, count) {
  const map = new SourceMap(payload);
  const lines = Array.from({ length: count }, (_, line) => {
    const found = map.findEntry(line, Number.MAX_SAFE_INTEGER);
    const isThere = found.generatedLine === line && found.originalSource;
    return isThere ? `${payload.sources.indexOf(found.originalSource)}:${found.originalLine + 1}` : "";
  });
  return { files: payload.sources, lines: lines.join(" ") };
}

/** A bundle that knows the places of its own lines, for the log. */
const placed = ({ text, places }) => `${text}\nglobalThis.ocellusPlaces = ${JSON.stringify(places)};\n`;

/** The rule behind the functions of the contract. */
const entry = (rule, wide) => `
  import definition from ${JSON.stringify(rule)};
  import { component } from ${JSON.stringify(path.join(sdk, "src/component.js"))};
  import { log } from "${HOST}";
  import { get, set, delete as forget, keys } from "${KEY_VALUE}";
  const keyValue = { get, set, delete: forget, keys };
  export const { describe, configure, process, finish, save, restore, query, command } =
    component(definition, { hostLog: log, keyValue, wide: ${wide} });`;

/** What the rule says of itself; an error in its definition is thrown here, with its line. */
async function definitionOf(rule, folder) {
  const file = path.join(folder, "definition.mjs");
  await writeFile(file, (await bundle(`export { default } from ${JSON.stringify(rule)};`, path.dirname(rule))).text);
  const { default: definition } = await import(pathToFileURL(file).href);
  if (!definition?.configure) throw new Usage(`${rule} must \`export default rule({ … })\``);
  return definition;
}

/** QuickJS: small, and without pauses for collecting garbage. */
async function quickjs(source) {
  const { componentize } = await tool("componentize-qjs");
  const { component } = await componentize({
    witPath: WIT,
    world: "rule",
    jsSource: source,
    stubWasi: true,
    sync: true,
  });
  return component;
}

/** SpiderMonkey; install @bytecodealliance/componentize-js yourself, it is large. */
async function spidermonkey(source, folder) {
  const { componentize } = await import("@bytecodealliance/componentize-js").catch(() => {
    throw new Usage(`run \`npm install --no-save ${SPIDERMONKEY}\` in ${sdk} first`);
  });
  const sourcePath = path.join(folder, "component.js");
  await writeFile(sourcePath, source);
  const disableFeatures = ["stdio", "random", "clocks", "http", "fetch-event"];
  const { component } = await componentize({ sourcePath, witPath: WIT, worldName: "rule", disableFeatures });
  return component;
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      output: { type: "string", short: "o" },
      engine: { type: "string", default: "quickjs" },
    },
  });
  const engine = { quickjs, spidermonkey }[values.engine];
  if (positionals.length !== 1 || !values.output || !engine) throw new Usage(USAGE);
  const rule = path.resolve(positionals[0]);
  await readFile(rule);
  const folder = await mkdtemp(path.join(tmpdir(), "ocellus-build-"));
  try {
    const definition = await definitionOf(rule, folder);
    const wide = engine === quickjs ? "Number" : "BigInt";
    const component = await engine(placed(await bundle(entry(rule, wide), path.dirname(rule))), folder);
    await writeFile(values.output, component);
    const size = (component.length / 1e6).toFixed(1);
    console.log(`${values.output}: ${definition.name} ${definition.version}, ${size} MB`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

main().catch((error) => {
  const isPlain = error instanceof Usage || error.code === "ENOENT" || error.code?.startsWith("ERR_PARSE_ARGS");
  // esbuild has shown its errors already.
  if (!error.errors) console.error(`ocellus-build: ${isPlain ? error.message : (error.stack ?? error)}`);
  process.exitCode = 2;
});
