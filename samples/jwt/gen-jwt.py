#!/usr/bin/env python3
"""Makes a token as Istio's script of this name does, with the same options: it is `portcullis token mint`."""
import os
import shlex
import sys

command = shlex.split(os.environ.get("PORTCULLIS", "portcullis"))
os.execvp(command[0], [*command, "token", "mint", *sys.argv[1:]])
