"""Who is who: people, enterprises, institutions, nodes, their keys, log-in, second factor, tokens, directory."""
