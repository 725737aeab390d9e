//! Circles of a graph, and the arrows that go against the best order of its nodes.

use std::collections::BTreeSet;

/// Arrows between nodes that are numbered from 0.
pub(super) type Graph = BTreeSet<(usize, usize)>;

/// Strongly connected components of more than one node, in order.
pub(super) fn circles(nodes: usize, graph: &Graph) -> Vec<Vec<usize>> {
    let reach = reach(nodes, graph);
    let mut circles = Vec::new();
    let mut seen = vec![false; nodes];
    for node in 0..nodes {
        let circle: Vec<usize> =
            (node..nodes).filter(|other| reach[node][*other] && reach[*other][node]).collect();
        if !seen[node] && circle.len() > 1 {
            for member in &circle {
                seen[*member] = true;
            }
            circles.push(circle);
        }
    }
    circles
}

/// Which node leads to which, itself only by way of another.
fn reach(nodes: usize, graph: &Graph) -> Vec<Vec<bool>> {
    let mut reach = vec![vec![false; nodes]; nodes];
    for (from, to) in graph {
        reach[*from][*to] = true;
    }
    for by in 0..nodes {
        let onward = reach[by].clone();
        for row in reach.iter_mut().filter(|row| row[by]) {
            row.iter_mut().zip(&onward).for_each(|(there, onward)| *there |= onward);
        }
    }
    reach
}

/// Arrows that must be turned round for the rest to have an order: few, though not always the fewest.
///
/// Arrows outside circles never are. Inside a circle the nodes are put into an order of sources first and sinks last;
/// then each is moved to where the fewest arrows go back, until no move helps. Ties go to the lower number.
pub(super) fn against_order(nodes: usize, graph: &Graph) -> Graph {
    let mut against = Graph::new();
    for circle in circles(nodes, graph) {
        let inner: Graph =
            graph.iter().filter(|(from, to)| circle.contains(from) && circle.contains(to)).copied().collect();
        let mut order = sources_first(&circle, &inner);
        while improve(&mut order, &inner) {}
        against.extend(backward(&order, &inner));
    }
    against
}

/// The node with the most arrows out and the fewest in comes next.
fn sources_first(circle: &[usize], graph: &Graph) -> Vec<usize> {
    let mut left = circle.to_vec();
    let mut order = Vec::new();
    while !left.is_empty() {
        let surplus = |node: usize| {
            let out = graph.iter().filter(|(from, to)| *from == node && left.contains(to)).count();
            let into = graph.iter().filter(|(from, to)| *to == node && left.contains(from)).count();
            into.cast_signed() - out.cast_signed()
        };
        let next = (0..left.len()).min_by_key(|index| surplus(left[*index])).expect("it is not empty");
        order.push(left.remove(next));
    }
    order
}

/// Moves one node to where the fewest arrows go back; false if every node is there already.
fn improve(order: &mut Vec<usize>, graph: &Graph) -> bool {
    for from in 0..order.len() {
        let best = best_place(order, from, graph);
        if best != from {
            let node = order.remove(from);
            order.insert(best, node);
            return true;
        }
    }
    false
}

fn best_place(order: &[usize], from: usize, graph: &Graph) -> usize {
    let node = order[from];
    // What passing another node on the way to the right adds to the arrows that go back.
    let passing = |other: usize| -> isize {
        isize::from(graph.contains(&(node, other))) - isize::from(graph.contains(&(other, node)))
    };
    let mut best = (0, from);
    let mut change = 0;
    for (place, other) in order.iter().enumerate().skip(from + 1) {
        change += passing(*other);
        best = best.min((change, place));
    }
    change = 0;
    for (place, other) in order.iter().enumerate().take(from).rev() {
        change -= passing(*other);
        best = best.min((change, place));
    }
    if best.0 < 0 { best.1 } else { from }
}

fn backward(order: &[usize], graph: &Graph) -> Graph {
    let place = |node: usize| order.iter().position(|other| *other == node);
    graph.iter().copied().filter(|(from, to)| place(*from) > place(*to)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_order_is_improved() {
        let graph = Graph::from([(0, 2), (0, 4), (1, 0), (1, 2), (2, 3), (3, 4), (4, 1)]);
        let first = sources_first(&[0, 1, 2, 3, 4], &graph);
        assert_eq!(backward(&first, &graph).len(), 2, "or this graph shows nothing");
        assert_eq!(against_order(5, &graph), Graph::from([(4, 1)]));
    }

    #[test]
    fn without_the_arrows_against_it_every_graph_has_an_order() {
        // Every graph of four nodes.
        let all: Vec<(usize, usize)> = (0..4)
            .flat_map(|from| (0..4).map(move |to| (from, to)))
            .filter(|(from, to)| from != to)
            .collect();
        for chosen in 0_u32..1 << all.len() {
            let graph: Graph =
                (0..all.len()).filter(|bit| chosen >> bit & 1 == 1).map(|bit| all[bit]).collect();
            let against = against_order(4, &graph);
            let rest: Graph = graph.difference(&against).copied().collect();
            assert!(circles(4, &rest).is_empty(), "{graph:?}");
            assert_eq!(against.is_empty(), circles(4, &graph).is_empty(), "{graph:?}");
        }
    }
}
