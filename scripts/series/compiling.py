# SPDX-License-Identifier: LGPL-2.1-or-later
"""What has to be compiled to see whether a change compiles."""

import json
import os
import re
import subprocess
from collections import defaultdict
from pathlib import Path


def affected(tree, before, after, build=None):
    """The sources and headers that differ between two commits, and the other
    sources that use what the headers changed. The tree has the later commit. With
    @build, a configured one, also those that are generated from what differs, and
    those that include such a header."""
    changed = tree.git('diff', '--name-only', '-z', '--no-renames', '--diff-filter=d',
                       before, after).split('\0')[:-1]
    touched = [name for name in changed if name.endswith(('.c', '.h'))]
    headers = [name for name in touched if name.endswith('.h')]
    users = set()
    outputs = generated(build, tree, [name for name in changed if name not in touched])
    if headers or outputs:
        texts = {name: tree.read(name) for name in tree.files('**/*.c', '**/*.h')
                 if (tree.path / name).is_file() and not (tree.path / name).is_symlink()}
        for header in headers:
            old = tree.git('show', f'{before}:{header}', ok=(0, 128))
            words = re.compile(r'\b(' + '|'.join(sorted(names_changed(old, texts[header]))) + r')\b')
            users |= {name for name in includers(texts, header)
                      if words.pattern != r'\b()\b' and words.search(texts[name])}
        for output in outputs:
            users |= {output} | (includers(texts, output) if output.endswith('.h') else set())
    return touched, sorted(name for name in users - set(touched) if name.endswith('.c'))


def generated(build, tree, names):
    """What the build makes of the files @names of the tree, on the way from there."""
    if not names or not build:
        return []
    found = []
    for name in names:
        path = os.path.relpath(tree.path / name, Path(build).resolve())
        said = subprocess.run(['ninja', '-C', build, '-t', 'query', path], text=True,
                              capture_output=True, check=False)
        # One that no rule names is not known to ninja.
        outputs = said.stdout.partition('outputs:\n')[2].split() if not said.returncode else []
        found += [os.path.relpath(Path(build).resolve() / output, tree.path)
                  for output in outputs if output.endswith(('.c', '.h'))]
    return found


def names_changed(old, new):
    """What a header declares otherwise than before: the names that only one of the
    texts has, and those declared on a line that only one has."""
    def words(text):
        return set(re.findall(r'[A-Za-z_]\w*', re.sub(r'/\*.*?\*/', '', text, flags=re.S)))
    lines = set(old.splitlines()) ^ set(new.splitlines())
    # Functions and macros, members, and the values of an enum.
    declared = set(re.findall(r'([A-Za-z_]\w*)(?=\(|;|\[| :)|^\s*([A-Z]\w*)(?: = [^,]*)?,',
                              '\n'.join(lines), re.M))
    declared = {name for pair in declared for name in pair if name}
    return words(old) ^ words(new) | declared & words(old) & words(new)


def includers(texts, header):
    """The files of @texts that include @header, on whatever way."""
    includes = defaultdict(set)
    for name, text in texts.items():
        for other in re.findall(r'^\s*#\s*include "([^"]+)"', text, re.M):
            includes[os.path.basename(other)].add(name)
    found, todo = set(), [header]
    while todo:
        for name in includes[os.path.basename(todo.pop())] - found:
            found.add(name)
            if name.endswith('.h'):
                todo.append(name)
    return found


def objects(build, tree, names):
    """{source: object} for those of @names that the build compiles."""
    wanted = {}
    for entry in json.loads((Path(build) / 'compile_commands.json').read_text()):
        path = Path(os.path.normpath(os.path.join(entry['directory'], entry['file'])))
        name = os.path.relpath(path, tree.path)
        if name in names:
            wanted.setdefault(name, entry['output'])
    return wanted
