# SPDX-License-Identifier: LGPL-2.1-or-later
"""A runner of spatch that remembers what it answered for the same input."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from .printer import tidy
from .text import definitions
from .tree import SeriesError

TOP = Path(__file__).resolve().parent.parent.parent
MACROS = TOP / 'build-aux' / 'libvirt-macros.h'
CACHE_DAYS = 14

# Part of the cache's keys: to be raised by who changes what an answer holds, be
# it here or in printer.py.
VERSION = b'1'

# Names every function that Coccinelle has a control flow graph for: without
# one, no rule with statements is ever tried on it.
PROBE = '@@\nidentifier f;\n@@\n* f(...) {\n... }\n'

# What spatch says on stderr when all is well.
CHATTER = re.compile(r'init_defs|proto for |HANDLING: |Skipping: |\s*\(ONCE\) |\s*trying |\s*found match in |'
                     r'Note: processing took|Using native version|rule starting on line \d+ =|'
                     r'\S+ = $|-*$')


class Coccinelle:
    """Runs spatch, and remembers what it answered for the same input."""

    def __init__(self, log, use_cache, folder):
        """@log is an open text file; @folder a directory of ours for the
        time of the run."""
        self.log, self.tool = log, shutil.which('spatch')
        if not self.tool:
            raise SeriesError('spatch is not installed (Debian package coccinelle)')
        if not MACROS.is_file():
            raise SeriesError(f'no macro file {MACROS}')
        version = subprocess.run([self.tool, '--version'], capture_output=True, check=True)
        macros = self.standard_macros().read_bytes() + MACROS.read_bytes()
        self.macros = Path(folder) / 'macros.h'
        self.macros.write_bytes(macros)
        self.probe = Path(folder) / 'probe.cocci'
        self.probe.write_text(PROBE)
        self.base = hashlib.sha256(version.stdout + macros + VERSION).digest()
        self.use_cache = use_cache
        self.cache = Path(os.environ.get('SERIES_CACHE', TOP / '.work' / 'cache')) / 'spatch'
        self.cache.mkdir(parents=True, exist_ok=True)
        for path in self.cache.iterdir():
            if time.time() - path.stat().st_mtime > CACHE_DAYS * 86400:
                path.unlink(missing_ok=True)

    def standard_macros(self):
        """Coccinelle's own macro file. Ours must extend it, not come on top
        (--macro-file): only the built-in ones are there from the first try of
        the parser on; later tries also expand the file's own macros, which
        does harm."""
        run = subprocess.run([self.tool, '--parse-c', os.devnull], capture_output=True,
                             text=True, check=False)
        found = re.search(r'^init_defs_builtins: (.+)$', run.stderr, re.M)
        if not found:
            raise SeriesError('spatch does not name its macro file (init_defs_builtins)')
        return Path(found[1])

    def cached(self, key, produce):
        """The bytes that produce() returns, from the cache if it has them
        for @key, a list of bytes, and is to be used. They are kept in any case."""
        digest = hashlib.sha256(self.base)
        for part in key:
            digest.update(len(part).to_bytes(8, 'big') + part)
        path = self.cache / digest.hexdigest()
        if self.use_cache and path.exists():
            os.utime(path)
            return path.read_bytes()
        data = produce()
        with tempfile.NamedTemporaryFile(dir=self.cache, delete=False) as out:
            out.write(data)
        os.replace(out.name, path)
        return data

    def spatch(self, args, cwd):
        """Run spatch in the folder @cwd; return its exit status and all that
        it prints. Standard output and error are one, since their order tells
        which rule a match belongs to."""
        command = [self.tool, '--macro-file-builtins', str(self.macros), *args]
        run = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, check=False,
                             stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                             env=dict(os.environ, LC_ALL='C'))
        out = run.stdout.decode('utf-8', 'replace')
        told = re.sub(r'^ *trying .*\n', '', out, flags=re.M)
        self.log.write(f'$ {" ".join(command)}\n{told}[exit {run.returncode}]\n\n')
        self.log.flush()
        return run.returncode, out

    def blind_spots(self, tree, name):
        """The parts of file @name that Coccinelle does not understand, and
        so would skip in silence: a list of (what, text)."""
        data = (tree.path / name).read_bytes()
        answer = self.cached([b'parse', name.endswith('.h') and b'h' or b'c', data],
                             lambda: self.find_blind_spots(tree, name)).decode()
        return [tuple(part.split('\0', 1)) for part in answer.split('\1') if part]

    def find_blind_spots(self, tree, name):
        spots = []
        status, out = self.spatch(['--no-includes', '--parse-c', name], tree.path)
        total = re.search(r'nb good = \d+,  nb bad = (\d+)', out)
        if status or not total:
            raise SeriesError(f'spatch --parse-c {name} failed')
        # A region is a line `badcount: N` with `bad: ` lines below it. The
        # passes before the last report the same region again.
        region = None
        for line in out.splitlines():
            found = re.match(r'(?:bad:|BAD:!!!!!) ?(.*)', line)
            if line.startswith('badcount:'):
                region = []
                spots.append(region)
            elif found and region is not None:
                region.append(found[1])
            else:
                region = None
        spots = [(describe(region), '\n'.join(region)) for region in spots]
        if int(total[1]) and not spots:
            spots = [(f'cannot parse {total[1]} tokens', tree.read(name))]
        _, out = self.spatch(['--sp-file', str(self.probe), '--no-includes', '--show-trying',
                              '--no-show-diff', '--timeout', '120', name], tree.path)
        seen = set(re.findall(r'trying function: (\w+): ', out))
        text = tree.read(name)
        unparsed = '\n'.join(text for _, text in spots)
        for function, start, end in definitions(text):
            if function not in seen and function + '(' not in unparsed:
                spots.append((f'no control flow graph of {function}()', text[start:end]))
        return '\1'.join('\0'.join(spot) for spot in spots).encode()

    def run(self, cocci, tree, names):
        """Run @cocci on the files @names of @tree together. Return
        {name: new text} of those it changes, and the rules that matched."""
        key = [b'run', cocci.text.encode(), repr(names).encode()]
        key += [(tree.path / name).read_bytes() for name in names]
        if any('includes' in option for option in cocci.options):
            # Headers may matter as well: key on all of them.
            key += [tree.git('ls-files', '-s', '--', '*.h', raw=True),
                    tree.git('diff', 'HEAD', '--', '*.h', raw=True)]
        answer = self.cached(key, lambda: self.run_uncached(cocci, tree, names)).decode('latin-1')
        rules, *files = answer.split('\1')
        return dict(part.split('\0', 1) for part in files), set(rules.split())

    def run_uncached(self, cocci, tree, names):
        includes = [] if any('includes' in o for o in cocci.options) else ['--no-includes']
        with tempfile.TemporaryDirectory() as folder:
            # On copies, so that a failing run leaves no trace.
            work = Path(folder)
            if not includes:
                copy_headers(tree, work)
            for name in names:
                (work / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(tree.path / name, work / name)
            args = ['--sp-file', str(cocci.path.resolve()), *includes, '--indent', '4',
                    '--smpl-spacing', '--max-width', '80', '--show-trying', '--timeout', '300',
                    '--in-place', '--no-show-diff', *cocci.options]
            status, out = self.spatch([*args, *names], work)
            odd = [line for line in out.splitlines() if not CHATTER.match(line)]
            if status or odd:
                raise SeriesError(f'{cocci.name}: spatch on {", ".join(names)}: '
                                  + (odd[0].strip() if odd else f'exit status {status}'))
            changed = []
            for name in names:
                old, new = tree.read(name), (work / name).read_bytes().decode('latin-1')
                if new != old:
                    changed.append(f'{name}\0{tidy(old, new)}')
        return '\1'.join([' '.join(sorted(matched_rules(out))), *changed]).encode('latin-1')


def copy_headers(tree, work):
    for name in tree.git('ls-files', '-z', '--', '*.h').split('\0')[:-1]:
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tree.path / name, work / name)


def describe(region):
    """A region that cannot be parsed, in short: its function or first words."""
    names = [name + '()' for name, _, _ in definitions('\n'.join(region) + '\n')]
    words = next((line.strip() for line in region if re.search(r'\w', line)), '?')[:80]
    return 'cannot parse ' + (', '.join(names) or words)


def matched_rules(out):
    """The rules that spatch says have matched, by name or `line N`."""
    matched, rule = set(), None
    for line in out.splitlines():
        found = re.match(r'(?:rule starting on line (\d+)|(\S+)) = $', line)
        if found and line != 'diff = ':
            rule = found[2] or 'line' + found[1]
        elif 'found match in' in line and rule:
            matched.add(rule)
    return matched


def rule_names(text):
    """The transforming and matching rules of a semantic patch, as spatch
    names them in its output; no scripts."""
    names, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith('@'):
            continue
        if inside:
            # The `@@` that ends the metavariables, unless it begins a rule.
            inside = line.strip() != '@@'
            continue
        head = re.match(r'@\s*((?!(?:depends|extends|disable|using|exists|forall|expression)\b)'
                        r'[A-Za-z_]\w*)?[^@]*@', line)
        if not head:
            continue
        script = re.match(r'@\s*(script|initialize|finalize)\s*:', line)
        inside = not re.search(r'@.*@.*@@\s*$', line)
        if not script:
            names.append(head[1] or f'line{number}')
    return names
