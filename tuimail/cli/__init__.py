"""The command line: argv in, lines or JSON out, one function a command.

    commands       the table of commands: feeds argparse, completions and the man page
    parser         argparse made from it
    run            from argv to an exit code; the last word about every error
    cli            what each command is handed: options, places, configuration, store
    output         lines, tables and JSON; the way of all text to the terminal
    accounts, adding, providers, questions      account add|list|test|remove
    mail, showing, parts, syncing, waiting      what is done with mail
    doctor, about                               doctor; themes, keys, completions
    opening, demo, demo_server                  the screen, and the demo
    manual                                      docs/tuimail.1 and docs/configuration.md

Textual is imported by `opening` alone, when it opens the screen. Nothing here speaks a
mail protocol: that is asked of the engine.
"""
