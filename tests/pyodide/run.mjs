// Run pytest on Pyodide's Python: node run.mjs FOLDER [arguments of pytest]. The script `run` beside this fetches FOLDER.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, ...given] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(resolve(folder, "node_modules/pyodide/pyodide.mjs")));
const python = await loadPyodide({ env: { HOME: "/home/pyodide", PYTHONDONTWRITEBYTECODE: "1" } });
const mounted = { "/repository": resolve(import.meta.dirname, "../.."), "/site": resolve(folder, "site") };
for (const [place, path] of Object.entries(mounted)) python.mountNodeFS(place, path);

// Nothing is written to the repository: no bytecode, no cache. To find out where Python crashes is left to Node.
process.exitCode = python.runPython(`
import os, sys
sys.path[:0] = ["/repository", "/site"]
os.chdir("/repository")
import pytest
int(pytest.main(["-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "tests.pyodide.absent", *given]))
`, { locals: python.toPy({ given }) });
