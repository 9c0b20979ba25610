"""Finding: the index of words is kept up beside everything else, and servers are asked."""
