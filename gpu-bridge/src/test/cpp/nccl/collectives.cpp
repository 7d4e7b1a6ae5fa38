#include <string>
#include <vector>
namespace sim {
void resetCollectives() {}
void listCollectives(std::vector<std::string>&) {}
}
