"""``datamap completion``."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import BashComplete, ZshComplete

from dataarts_datamap.cli._printing.streams import write

_VARIABLE: Final = "_DATAMAP_COMPLETE"
# click's own script cuts a value, and its description, at the first comma.
_FISH: Final = """\
function _datamap_completion
    set -lx _DATAMAP_COMPLETE fish_complete
    set -lx COMP_WORDS (commandline -cp)
    set -lx COMP_CWORD (commandline -t)
    for completion in (datamap)
        set -l parts (string split -m 1 , -- $completion)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
            case plain
                echo $parts[2]
        end
    end
end

complete --no-files --command datamap --arguments '(_datamap_completion)'
"""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script with which a shell completes datamap's verbs, options and values.

    Add it once, for bash (4.4 or newer) to ~/.bashrc, for zsh to ~/.zshrc after its compinit; fish reads its own
    folder.

    \b
    Examples:
      eval "$(datamap completion bash)"
      eval "$(datamap completion zsh)"
      datamap completion fish > ~/.config/fish/completions/datamap.fish
    """  # noqa: D301  click reads \b
    kind = BashComplete if shell == "bash" else ZshComplete
    write(_FISH if shell == "fish" else kind(ctx.find_root().command, {}, "datamap", _VARIABLE).source())
